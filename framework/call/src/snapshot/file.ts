import { readFileSync } from "node:fs";
import { type FileHandle, mkdir, open, rename } from "node:fs/promises";
import { dirname } from "node:path";
import type { SignedSnapshot } from "../placement.ts";

/** The last good snapshot on disk: what a program starts from when nobody can tell it a newer one. */
export class SnapshotFile {
  readonly #path: string;
  #next: SignedSnapshot | undefined;
  #writing: Promise<void> | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** What lies there; undefined when there is nothing. Throws when it cannot be read. */
  read(): SignedSnapshot | undefined {
    let text: string;
    try {
      text = readFileSync(this.#path, "utf8");
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw cause;
    }
    return JSON.parse(text) as SignedSnapshot;
  }

  /** Replaces it, so that a reader finds the old or the new one, whenever the power fails. Only the newest of several waits. */
  write(signed: SignedSnapshot): Promise<void> {
    this.#next = signed;
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = undefined;
    });
    return this.#writing;
  }

  async #writeAll(): Promise<void> {
    while (this.#next !== undefined) {
      const signed = this.#next;
      this.#next = undefined;
      await this.#replace(JSON.stringify(signed));
    }
  }

  async #replace(text: string): Promise<void> {
    const folder = dirname(this.#path);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const draft = `${this.#path}.${process.pid}.new`;
    await withFile(await open(draft, "w", 0o600), async (file) => {
      await file.writeFile(text);
      await file.sync();
    });
    await rename(draft, this.#path);
    // The name is in the folder: without this it may be the old one after a power failure.
    await withFile(await open(folder, "r"), (file) => file.sync());
  }
}

async function withFile(file: FileHandle, use: (file: FileHandle) => Promise<void>): Promise<void> {
  try {
    await use(file);
  } finally {
    await file.close();
  }
}
