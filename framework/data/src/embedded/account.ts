import { execFile } from "node:child_process";
import { readFile, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { KerfError } from "@kerf/kernel";

const run = promisify(execFile);

/** A command as the server's account runs it. */
export interface AccountCommand {
  readonly command: string;
  readonly args: string[];
  readonly uid?: number;
  readonly gid?: number;
}

/** The system user that PostgreSQL runs as: ourselves, or `postgres` when we are root, because PostgreSQL refuses root. */
export interface ServerAccount {
  /** Owner of the data directory; undefined means that files made by us are right as they are. */
  readonly owner: { uid: number; gid: number } | undefined;
  /** Wraps a command so that it runs as this account. */
  wrap(command: string, args: string[]): AccountCommand;
}

/** The user that runs PostgreSQL when Kerf runs as root; the name that system packages use too. */
const accountName = "postgres";

/**
 * Finds (as root: makes, when absent) the account, and the way to run `probe` as it although some of `paths` may lie
 * below directories that it may not enter, as /root; throws `start_failed` when there is no way.
 */
export async function serverAccount(paths: string[], probe: string): Promise<ServerAccount> {
  if (process.geteuid?.() !== 0) {
    return { owner: undefined, wrap: (command, args) => ({ command, args }) };
  }
  const owner = await serverOwner();
  const closed = await firstClosedDirectory(paths, owner);
  if (closed === undefined) {
    return { owner, wrap: (command, args) => ({ command, args, ...owner }) };
  }
  // Reading past directory permissions is all that is missing; dac_override is what containers leave root with.
  for (const capability of ["dac_read_search", "dac_override"]) {
    const wrap = withCapability(capability, owner);
    const { command, args } = wrap(probe, ["--version"]);
    const works = await run(command, args, { cwd: "/" }).then(
      () => true,
      () => false,
    );
    if (works) return { owner, wrap };
  }
  throw new KerfError("start_failed", {
    message: `PostgreSQL cannot run here as root: the user ${accountName} may not enter ${closed}.`,
    why: "PostgreSQL refuses to run as root, and this system does not let us pass on the right to enter that directory (setpriv, CAP_DAC_READ_SEARCH).",
    fix: "Run as an ordinary user, or move the project and KERF_HOME to a directory that every user may enter.",
  });
}

/** As root: the account that servers run as, which is made when it is absent. Throws `start_failed`. */
export async function serverOwner(): Promise<{ uid: number; gid: number }> {
  return (await lookUp()) ?? (await create());
}

function withCapability(capability: string, owner: { uid: number; gid: number }) {
  return (command: string, args: string[]): AccountCommand => ({
    command: "setpriv",
    args: [
      `--reuid=${owner.uid}`,
      `--regid=${owner.gid}`,
      "--clear-groups",
      // PostgreSQL looks for its programs with access(2), which forgets capabilities of other users than root without this bit.
      "--securebits=+no_setuid_fixup",
      `--inh-caps=+${capability}`,
      `--ambient-caps=+${capability}`,
      command,
      ...args,
    ],
  });
}

async function lookUp(): Promise<{ uid: number; gid: number } | undefined> {
  const passwd = await readFile("/etc/passwd", "utf8").catch(() => "");
  const line = passwd.split("\n").find((entry) => entry.startsWith(`${accountName}:`));
  if (line !== undefined) {
    const [, , uid, gid] = line.split(":");
    return { uid: Number(uid), gid: Number(gid) };
  }
  try {
    const [uid, gid] = await Promise.all([
      run("id", ["-u", accountName]),
      run("id", ["-g", accountName]),
    ]);
    return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  } catch {
    return undefined;
  }
}

async function create(): Promise<{ uid: number; gid: number }> {
  const attempts: [string, string[]][] = [
    [
      "useradd",
      ["--system", "--user-group", "--no-create-home", "--shell", "/bin/false", accountName],
    ],
    ["adduser", ["-S", "-D", "-H", "-s", "/bin/false", accountName]],
  ];
  const failures: string[] = [];
  for (const [command, args] of attempts) {
    try {
      await run(command, args);
      const made = await lookUp();
      if (made !== undefined) return made;
    } catch (cause) {
      failures.push(`${command}: ${(cause as Error).message.trim()}`);
    }
  }
  throw new KerfError("start_failed", {
    message: `PostgreSQL refuses to run as root, and the system user ${accountName} could not be made.`,
    why: failures.join("; "),
    fix: `Run as an ordinary user, or make the user first: useradd --system ${accountName}`,
  });
}

/** The first directory above `paths` that `owner` may not enter, by its mode bits. */
async function firstClosedDirectory(
  paths: string[],
  owner: { uid: number; gid: number },
): Promise<string | undefined> {
  const directories = new Set<string>();
  for (const path of paths) {
    for (let directory = path; directory !== dirname(directory); directory = dirname(directory)) {
      directories.add(directory);
    }
  }
  for (const directory of [...directories].sort()) {
    const info = await stat(directory).catch(() => undefined);
    if (info === undefined || !info.isDirectory()) continue;
    const enter = info.uid === owner.uid ? 0o100 : info.gid === owner.gid ? 0o010 : 0o001;
    if ((info.mode & enter) === 0) return directory;
  }
  return undefined;
}
