// The program that makes builds: `node @kerf/platform/builds --module FILE --out DIR [--label TEXT] [SERVICE…]`. Progress events go to descriptor 3, one a
// line, when somebody reads there. Stdout carries one JSON document: `{"builds": [BuildReport…], "manifest": AppManifest}` with exit code 0, or
// `{"error": ErrorShape}` with exit code 1. None of the author's code runs in here: a child process describes it.
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { KerfError, systemClock, toKerfError } from "@kerf/kernel";
import { describeApp } from "../manifest/describe.ts";
import { programs } from "../programs.ts";
import { EventLog } from "../progress/event-log.ts";
import { progressPipe } from "../progress/progress-pipe.ts";
import { build } from "./builder.ts";

const clock = systemClock;
const events = new EventLog(clock);
const launcher = progressPipe();
events.subscribe((event) => launcher.write(event));

try {
  const { values, positionals: names } = parseArgs({
    options: { module: { type: "string" }, out: { type: "string" }, label: { type: "string" } },
    allowPositionals: true,
  });
  if (values.module === undefined || values.out === undefined) {
    throw new KerfError("invalid_configuration", {
      message: "It takes --module FILE and --out DIR.",
      fix: "Use kerf build, which starts it.",
    });
  }
  const module = resolve(values.module);
  const out = resolve(values.out);
  const describe = () => describeApp(programs.describe, module, { forBuild: true });
  const { label } = values;
  await end(0, await build({ label, module, names, out }, { describe, clock, events }));
} catch (thrown) {
  await end(1, { error: toKerfError(thrown).toShape() });
}

async function end(code: number, document: unknown): Promise<void> {
  await launcher.flush();
  process.stdout.write(`${JSON.stringify(document)}\n`, () => process.exit(code));
}
