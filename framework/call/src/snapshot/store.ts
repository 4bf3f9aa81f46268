import type { Logger } from "@kerf/telemetry";
import type { AnyBoot, PublicKey, SignedSnapshot, Snapshot } from "../placement.ts";
import { SnapshotFile } from "./file.ts";
import { isNewer, openSnapshot } from "./signature.ts";

/** Holds the newest snapshot that this program has seen: verified, never older than the one before, kept on disk. */
export class SnapshotStore {
  /** Undefined where no platform publishes: then nothing is accepted. */
  readonly #publicKey: PublicKey | undefined;
  readonly #file: SnapshotFile | undefined;
  readonly #log: Logger;
  readonly #listeners = new Set<() => void>();
  #current: Snapshot | undefined;
  #written: Promise<void> = Promise.resolve();

  /**
   * @param options.initial from the boot document; the newer of it and the one in `file` is used.
   * @param options.fixed instead of both, where no platform publishes
   */
  constructor(options: {
    publicKey?: PublicKey;
    file?: string | undefined;
    initial?: SignedSnapshot | undefined;
    fixed?: Snapshot | undefined;
    log: Logger;
  }) {
    this.#current = options.fixed;
    this.#publicKey = options.publicKey;
    this.#file = options.file === undefined ? undefined : new SnapshotFile(options.file);
    this.#log = options.log;
    this.#load();
    if (options.initial !== undefined) this.accept(options.initial);
  }

  /** The store of a program, as its boot document says. */
  static of(boot: AnyBoot, log: Logger): SnapshotStore {
    if (boot.platform === undefined) return new SnapshotStore({ fixed: boot.placement, log });
    const { platform, snapshot: initial, snapshotFile: file } = boot;
    return new SnapshotStore({ publicKey: platform.publicKey, file, initial, log });
  }

  get current(): Snapshot | undefined {
    return this.#current;
  }

  /** Takes a snapshot over when its signature is valid and it is newer; says whether it did. Throws when it is refused. */
  accept(signed: SignedSnapshot): boolean {
    if (this.#publicKey === undefined) return false;
    const snapshot = openSnapshot(signed, this.#publicKey);
    if (this.#current !== undefined && !isNewer(snapshot, this.#current)) return false;
    this.#current = snapshot;
    this.#keep(signed);
    for (const listener of this.#listeners) listener();
    return true;
  }

  /** Calls `listener` after every change. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Resolves when everything accepted so far is on disk, or could not be written. */
  written(): Promise<void> {
    return this.#written;
  }

  #load(): void {
    try {
      const signed = this.#file?.read();
      if (signed !== undefined && this.#publicKey !== undefined)
        this.#current = openSnapshot(signed, this.#publicKey);
    } catch (thrown) {
      // A start must not fail for a file that is only there for bad days.
      this.#log.warn("The last good snapshot on disk cannot be used.", { error: thrown });
    }
  }

  #keep(signed: SignedSnapshot): void {
    if (this.#file === undefined) return;
    this.#written = this.#file.write(signed).catch((thrown: unknown) => {
      this.#log.warn("The last good snapshot could not be written to disk.", { error: thrown });
    });
  }
}
