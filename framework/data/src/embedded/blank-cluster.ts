import { randomBytes } from "node:crypto";
import { mkdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { scramVerifier } from "../scram.ts";
import type { ServerAccount } from "./account.ts";
import type { PostgresBinaries } from "./binaries.ts";
import { initdb, superuser } from "./initdb.ts";
import { own } from "./own.ts";
import { runProgram } from "./program.ts";
import { withStartLock } from "./start-lock.ts";
import { takeSpare } from "./take-spare.ts";

/** How long another process may take to make the blank cluster, milliseconds. */
const makeBoundMs = 60_000;

/**
 * Makes a cluster in the empty directory `data` out of a spare or of the blank one, made when absent, and gives its superuser's password; throws
 * where that cannot be done.
 */
export async function copyBlankCluster(
  binaries: PostgresBinaries,
  account: ServerAccount,
  data: string,
  options: { sync: boolean; signal?: AbortSignal | undefined },
): Promise<string> {
  const blank = await blankCluster(binaries, account);
  const { signal } = options;
  // What tests throw away is not worth a spare.
  const taken = options.sync ? await takeSpare(blank, data) : undefined;
  if (taken !== undefined) return taken;
  const password = newPassword();
  await runProgram(account, "cp", ["-Rp", `${blank}/.`, data], { signal });
  // Nobody knows the blank cluster's password. In single-user mode none is asked for, and nobody else can connect.
  await runProgram(account, binaries.postgres, ["--single", "-D", data, "postgres"], {
    input: `ALTER ROLE ${superuser} PASSWORD '${scramVerifier(password)}'\n`,
    signal,
  });
  if (options.sync) {
    // Not waited for: nobody's data is there yet, and a server that finds itself crashed syncs the whole directory before it
    // recovers. What fails here shows again when the server starts.
    void runProgram(account, "sync", ["-f", data]).catch(() => {});
  }
  return password;
}

/** A superuser's password: 256 bits. */
export function newPassword(): string {
  return randomBytes(32).toString("base64url");
}

/**
 * A cluster that nobody has used, kept beside the installed binaries: copying it takes a tenth of the processor time that
 * initdb takes (0.09 s against 0.84 s), which every first start and every test with a server would pay. Made when absent.
 */
export async function blankCluster(
  binaries: PostgresBinaries,
  account: ServerAccount,
): Promise<string> {
  // A directory for each account: another's cannot be read, and need not be.
  const user = account.owner?.uid ?? process.getuid?.() ?? 0;
  const place = join(dirname(dirname(binaries.root)), ".cache", `kerf-postgres-${user}`);
  const blank = join(place, binaries.version);
  if (await exists(blank)) return blank;
  // The directory above is everybody's: made in one go with ours, it would be closed to the server's account.
  await mkdir(dirname(place), { recursive: true });
  await mkdir(place, { recursive: true, mode: 0o700 });
  await own(account, place);
  await withStartLock(`${blank}.lock`, performance.now() + makeBoundMs, async () => {
    if (await exists(blank)) return;
    const unfinished = `${blank}.new`;
    await rm(unfinished, { recursive: true, force: true });
    await mkdir(unfinished, { mode: 0o700 });
    await own(account, unfinished);
    await initdb(binaries, account, unfinished, newPassword(), { sync: false });
    await rename(unfinished, blank);
  });
  return blank;
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
