import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { readJson, writeJson } from "../state/json-file.ts";

/** The newest file of a service's secrets that this platform wrote or read. */
export interface SeenRevision {
  readonly revision: number;
  readonly version: number;
  readonly signature: string;
}

/**
 * Remembers, beside the master key and so outside of the data directory, which files of secrets are the newest: an older one that somebody put back is
 * whole and signed, and is known by this alone.
 */
export class SeenRevisions {
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  of(service: string): SeenRevision | undefined {
    return this.#all()[service];
  }

  async remember(service: string, seen: SeenRevision): Promise<void> {
    mkdirSync(dirname(this.#file), { recursive: true, mode: 0o700 });
    await writeJson(this.#file, { ...this.#all(), [service]: seen });
  }

  #all(): Record<string, SeenRevision> {
    return readJson<Record<string, SeenRevision>>(this.#file) ?? {};
  }
}
