import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";

const run = promisify(execFile);

/** The command line of a process; undefined where the system shows none. */
export async function commandOf(pid: number): Promise<string | undefined> {
  if (process.platform === "linux") {
    return readFile(`/proc/${pid}/cmdline`, "utf8").then(
      (text) => text.replaceAll("\0", " "),
      () => undefined,
    );
  }
  return run("ps", ["-o", "command=", "-p", String(pid)]).then(
    (result) => result.stdout,
    () => undefined,
  );
}
