import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type InstanceRecord, lives, type ProcessIdentity } from "@kerf/platform";

/** A process that runs a unit or a gateway. */
export interface Running {
  readonly pid: number;
  /** A unit's name, or `gateway:NAME`. */
  readonly unit: string;
  readonly services: readonly string[];
}

/** What runs on a home, by the records that the platform keeps: they can be read while it is away, and a pid is never another's. */
export async function running(home: string): Promise<Running[]> {
  const folder = join(home, "run", "instances");
  const found: (Running & { readonly slot: string })[] = [];
  for (const name of await readdir(folder)) {
    if (!name.endsWith(".json")) continue;
    const record = await read<InstanceRecord>(join(folder, name));
    if (record === undefined) continue;
    // What is a container is none of this machine's processes.
    const identity = record.reference as Partial<ProcessIdentity>;
    if (!isProcess(identity) || !lives(identity)) continue;
    const { unit, services, slot } = record;
    found.push({ pid: identity.pid, unit, services, slot });
  }
  return found.sort((a, b) => (a.slot < b.slot ? -1 : 1));
}

/** The platform of a home; undefined while there is none. */
export async function platformPid(home: string): Promise<number | undefined> {
  const identity = await read<ProcessIdentity>(join(home, "platform.lock"));
  return identity !== undefined && lives(identity) ? identity.pid : undefined;
}

function isProcess(reference: Partial<ProcessIdentity>): reference is ProcessIdentity {
  return reference.pid !== undefined;
}

/** Undefined for a file that has just gone. */
async function read<T>(file: string): Promise<T | undefined> {
  try {
    return JSON.parse(await readFile(file, "utf8")) as T;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
