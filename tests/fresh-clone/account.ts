import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { mkdtempSync, rmSync } from "node:fs";

/** Who runs the commands of the README. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
  /** Takes the account away again, with all that it owns at home. */
  readonly remove: () => void;
}

/** The user who runs the tests, with a home of its own, so that nothing that npm cached is at hand. */
export function ownAccount(): Account {
  const home = mkdtempSync(join(tmpdir(), "kerf-home-"));
  return {
    uid: process.getuid!(),
    gid: process.getgid!(),
    home,
    remove: () => rmSync(home, { recursive: true, force: true }),
  };
}

/** A new ordinary user; needs root, useradd and userdel. */
export function ordinaryAccount(): Account {
  const name = `kerf-test-${randomBytes(4).toString("hex")}`;
  execFileSync("useradd", ["--create-home", "--shell", "/bin/sh", name]);
  const [, , uid, gid, , home] = execFileSync("getent", ["passwd", name], {
    encoding: "utf8",
  }).split(":");
  return {
    uid: Number(uid),
    gid: Number(gid),
    home: home ?? homedir(),
    remove: () => execFileSync("userdel", ["--remove", name], { stdio: "ignore" }),
  };
}
