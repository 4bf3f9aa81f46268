import { rmSync } from "node:fs";
import { join } from "node:path";
import type { KeptPlacement } from "../placement/kept.ts";
import { readJson, writeJson } from "../state/json-file.ts";
import type { Change } from "./change.ts";

/**
 * What is to run and which change is under way, on disk. A change is committed by the one file that holds both the placement and the change
 * that made it: whoever comes after a crash sees it finished or not begun.
 */
export class Journal {
  readonly #placementFile: string;
  readonly #changeFile: string;
  #kept: KeptPlacement | undefined;

  constructor(stateDirectory: string) {
    this.#placementFile = join(stateDirectory, "placement.json");
    this.#changeFile = join(stateDirectory, "change.json");
    this.#kept = readJson<KeptPlacement>(this.#placementFile);
  }

  /** What the last change left. */
  get kept(): KeptPlacement | undefined {
    return this.#kept;
  }

  /** Whoever starts everything anew says himself what is to run. */
  forget(): void {
    rmSync(this.#placementFile, { force: true });
    this.#kept = undefined;
  }

  /** What a platform before us had begun, and whether it was committed. */
  unfinished(): { readonly change: Change; readonly isCommitted: boolean } | undefined {
    const change = readJson<Change>(this.#changeFile);
    return change && { change, isCommitted: this.#kept?.change === change.id };
  }

  /** Before anything is started for it. */
  begin(change: Change): Promise<void> {
    return writeJson(this.#changeFile, change);
  }

  /** From the moment at which this resolves the change has happened. */
  async commit(kept: KeptPlacement): Promise<void> {
    await writeJson(this.#placementFile, kept);
    this.#kept = kept;
  }

  /** Nothing of it is left to do or to undo. */
  end(): void {
    rmSync(this.#changeFile, { force: true });
  }
}
