// The program that removes what a platform left that is gone: `node @kerf/platform/containers --home DIR`. Its containers get the time to finish what
// they have begun. Stdout carries one JSON document: `{"removed": N}` with exit code 0, or `{"error": ErrorShape}` with exit code 1.
import { rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { KerfError, toKerfError } from "@kerf/kernel";
import { Engine } from "./engine.ts";
import { removeAll } from "./remove-all.ts";

try {
  const { home } = parseArgs({ options: { home: { type: "string" } } }).values;
  if (home === undefined)
    throw new KerfError("invalid_configuration", {
      message: "It takes --home DIR.",
      fix: "Use kerf down, which starts it.",
    });
  const removed = await removeAll(new Engine(), resolve(home));
  rmSync(join(home, "run", "docker"), { force: true });
  end(0, { removed });
} catch (thrown) {
  end(1, { error: toKerfError(thrown).toShape() });
}

function end(code: number, document: unknown): void {
  process.stdout.write(`${JSON.stringify(document)}\n`, () => process.exit(code));
}
