import { createHash, randomBytes } from "node:crypto";
import { mkdir, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { constants, setPriority } from "node:os";
import { join } from "node:path";
import { spareMark } from "../spare-databases.ts";
import type { SystemMigration } from "../system-schema.ts";
import { type ServerAccount, serverAccount } from "./account.ts";
import { findBinaries } from "./binaries.ts";
import { blankCluster } from "./blank-cluster.ts";
import { clusterPaths } from "./cluster.ts";
import { makeSpareDatabases } from "./make-spare-databases.ts";
import { own } from "./own.ts";
import { runProgram } from "./program.ts";
import { withStartLock } from "./start-lock.ts";
import { spareParts, sparesOf } from "./take-spare.ts";
import { startTemporaryServer } from "./temporary-server.ts";

/** How many spare clusters are kept ready: as many as the shop's first start takes. */
export const sparesKept = 2;
/** How many spare databases each has: as many as the shop has on its larger server. Some 9 MB each. */
export const databasesKept = 6;
/** How long another process may take to make them, milliseconds. */
const makeBoundMs = 60_000;

const ourselves: ServerAccount = {
  owner: undefined,
  wrap: (command, args) => ({ command, args }),
};

/** What spare clusters are made with. */
export interface SpareOptions {
  /** The platform's own tables, which the spare databases have. */
  readonly systemSchema: readonly SystemMigration[];
  readonly signal?: AbortSignal;
}

/**
 * Makes what is missing of the clusters that servers on this machine are made from: the blank one, and spares with databases that
 * have the platform's tables. One process at a time; they are on the disk when it resolves.
 */
export async function makeSpareClusters(options: SpareOptions): Promise<void> {
  const binaries = await findBinaries();
  const account = await serverAccount([binaries.root], binaries.initdb);
  await fillSpares(account, await blankCluster(binaries, account), options);
}

/** The same beside a given blank cluster. */
export async function fillSpares(
  account: ServerAccount,
  blank: string,
  { systemSchema, signal }: SpareOptions,
): Promise<void> {
  const place = sparesOf(blank);
  await mkdir(place, { recursive: true, mode: 0o700 });
  await own(account, place);
  // Another version's are made anew: theirs could be used, but with databases that are not.
  const kind = createHash("sha256").update(`${databasesKept} ${spareMark(systemSchema)}`);
  const prefix = `ready.${kind.digest("hex").slice(0, 8)}.`;
  await withStartLock(join(place, "lock"), performance.now() + makeBoundMs, async () => {
    let ready = 0;
    for (const name of await readdir(place)) {
      const spare = join(place, name);
      if (name.startsWith(prefix) && (await isWhole(spare))) ready += 1;
      else if (name !== "lock") {
        // Under another name first: nobody takes one that is half gone.
        const old = join(place, `old.${randomBytes(4).toString("hex")}`);
        await rename(spare, old);
        await rm(old, { recursive: true, force: true });
      }
    }
    for (; ready < sparesKept; ready += 1) {
      if (signal?.aborted === true) return;
      const name = randomBytes(4).toString("hex");
      const unfinished = join(place, `new.${name}`);
      try {
        await makeSpare(account, unfinished, systemSchema, signal);
        await rename(unfinished, join(place, prefix + name));
      } catch (error) {
        await rm(unfinished, { recursive: true, force: true });
        throw error;
      }
    }
  });
}

/** False for what is left of one that was taken. */
async function isWhole(spare: string): Promise<boolean> {
  return stat(join(spare, spareParts.data)).then(
    () => true,
    () => false,
  );
}

/** Made by a server that ends with us, however we end, and copied when it has stopped. */
async function makeSpare(
  account: ServerAccount,
  directory: string,
  systemSchema: readonly SystemMigration[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const temporary = await startTemporaryServer();
  try {
    const { database, pid } = temporary.server;
    lowerPriority(pid);
    await makeSpareDatabases(database, databasesKept, systemSchema);
    await temporary.server.stop();
    await mkdir(directory, { mode: 0o700 });
    await own(account, directory);
    const made = clusterPaths(join(temporary.directory, "server")).data;
    const data = join(directory, spareParts.data);
    // Not as the server's account, which may not enter a temporary directory of ours; -p keeps whose the files are.
    await runProgram(ourselves, "nice", ["cp", "-Rp", made, data], { signal });
    const password = join(directory, spareParts.password);
    await writeFile(password, database.admin().password, { mode: 0o600 });
    await runProgram(account, "sync", ["-f", directory], { signal });
  } finally {
    await temporary.stop();
  }
}

/** Its processes begin with what it has: nobody waits for a spare, and whatever serves goes first. */
function lowerPriority(pid: number): void {
  try {
    setPriority(pid, constants.priority.PRIORITY_LOW);
  } catch {
    // It has ended already, which its clients tell of.
  }
}
