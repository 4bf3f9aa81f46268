import { execFile } from "node:child_process";
import { userInfo } from "node:os";
import { promisify } from "node:util";
import type { Check } from "./check.ts";

const run = promisify(execFile);

/** PostgreSQL can be run as this user; it refuses root, so that root needs another account and the way to it. */
export const user: Check = {
  id: "user",
  title: "User",
  run: async () => {
    const name = userInfo().username;
    if (process.geteuid?.() !== 0) return { state: "ok", detail: name };
    const account = await works("id", ["-u", "postgres"]);
    const canMake = (await works("useradd", ["--help"])) || (await works("adduser", ["--help"]));
    if (!account && !canMake) {
      return {
        state: "failed",
        detail: "root, and there is no user postgres for the databases, nor a way to make it",
        fix: "Work as an ordinary user, or make the user postgres.",
      };
    }
    if (!(await works("setpriv", ["--version"]))) {
      return {
        state: "warning",
        detail: "root, without setpriv",
        fix: "Work as an ordinary user, keep the project where every user may enter (not in /root), or install util-linux.",
      };
    }
    return {
      state: "ok",
      detail: `root; the databases run as postgres${account ? "" : ", which will be made"}`,
    };
  },
};

function works(command: string, args: string[]): Promise<boolean> {
  return run(command, args).then(
    () => true,
    // A program that answers with an error is there all the same, unless it says that there is no such user.
    (error: NodeJS.ErrnoException) => error.code !== "ENOENT" && command !== "id",
  );
}
