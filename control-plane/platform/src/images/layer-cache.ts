import { randomBytes } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import {
  blobOf,
  compressed,
  digestOf,
  type Layer,
  layerArchive,
  type LayerFiles,
  layerType,
} from "./layer.ts";

/**
 * Compressed layers by what they were made from: compressing Node takes five seconds, and it changes with Node only. Below the user's cache; may be
 * deleted at any time.
 */
export class LayerCache {
  readonly #directory: string;

  constructor(directory: string = defaultDirectory()) {
    this.#directory = directory;
  }

  /** The layer of these files. */
  async layer(title: string, files: LayerFiles): Promise<Layer> {
    const archive = await layerArchive(files);
    const diffId = digestOf(archive);
    const kept = join(this.#directory, `${diffId.slice(7)}-${process.versions.zlib}.tar.gz`);
    const there = await readFile(kept).catch(() => undefined);
    const bytes = there ?? (await compressed(archive));
    if (there === undefined) await this.#keep(kept, bytes);
    return { title, diffId, mediaType: layerType, blob: blobOf(bytes) };
  }

  /** Whole or not at all; a cache that cannot be written costs time only. */
  async #keep(path: string, bytes: Uint8Array): Promise<void> {
    const beside = `${path}.${randomBytes(4).toString("hex")}`;
    try {
      await mkdir(this.#directory, { recursive: true, mode: 0o700 });
      await writeFile(beside, bytes, { mode: 0o600 });
      await rename(beside, path);
    } catch {
      // It is compressed again next time.
    }
  }
}

function defaultDirectory(): string {
  const cache = process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache");
  return join(cache, "kerf", "layers");
}
