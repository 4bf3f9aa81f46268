import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { AttachedProgram } from "../supervisor/attached-programs.ts";
import { readJson, writeJson } from "./json-file.ts";

/** What a new platform must know of a process to go on with it where the one before left off. */
export interface InstanceRecord {
  readonly id: string;
  /** A unit's name, or `gateway:NAME`. */
  readonly unit: string;
  /** Its place in the unit: `orders-1`. */
  readonly slot: string;
  readonly services: readonly string[];
  /** Those of its services that it was started without, because their databases were not as they need them. */
  readonly heldBack: readonly string[];
  /** Absolute path of the app module that it was started with. */
  readonly appModule: string;
  /** Proves that it is ours when it attaches. */
  readonly token: string;
  /** Where it listens; empty for a gateway until it says so. */
  readonly address: string;
  /** What it talks over; a platform of the version before says nothing, which is `unix`. */
  readonly network?: "unix" | "tcp" | undefined;
  /** The environment that it was started for; a platform of the version before says nothing. */
  readonly environment?: string | undefined;
  /** What it runs instead of the program that its service declares. */
  readonly attached?: AttachedProgram | undefined;
  /** The release that it runs, and the builds of its services; nothing where it runs from source. */
  readonly release?: number | undefined;
  readonly builds?: Readonly<Record<string, string>> | undefined;
  /** The change that it was started for; nothing where it was started to keep its place filled. */
  readonly change?: string | undefined;
  readonly logFile: string;
  /** Length of the log when it was started, in bytes. */
  readonly logFrom: number;
  /** Whether it has been ready. */
  readonly ready: boolean;
  /** When it was started, milliseconds since 1970-01-01 UTC. */
  readonly startedAt: number;
  /** The runtime's own. */
  readonly reference: unknown;
}

/** The records of the processes that run, one file each, readable by their owner only. */
export class InstanceRecords {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  write(record: InstanceRecord): Promise<void> {
    return writeJson(this.#file(record.id), record, { flush: false });
  }

  remove(id: string): void {
    rmSync(this.#file(id), { force: true });
  }

  all(): InstanceRecord[] {
    const records: InstanceRecord[] = [];
    for (const name of readdirSync(this.#directory)) {
      if (!name.endsWith(".json")) {
        rmSync(join(this.#directory, name), { force: true });
        continue;
      }
      const record = readJson<InstanceRecord>(join(this.#directory, name));
      if (record !== undefined) records.push(record);
    }
    return records;
  }

  #file(id: string): string {
    return join(this.#directory, `${id}.json`);
  }
}
