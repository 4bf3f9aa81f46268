import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Clock } from "@kerf/kernel";
import { type Build, type BuildDescriptor, buildFiles, openBuild } from "@kerf/service/builds";
import type { Content } from "./content.ts";

/** Name of what is being written; followed by chance. */
const unfinished = ".building-";
/** After how long something unfinished is what a builder left behind that was killed, milliseconds. */
const abandonedMs = 60 * 60_000;

/** The builds of an environment: a folder each, named by digest, written once and whole. */
export class BuildStore {
  readonly #directory: string;
  readonly #clock: Clock;

  /** `directory` is made when it is missing. */
  constructor(directory: string, clock: Clock) {
    this.#directory = directory;
    this.#clock = clock;
  }

  /** Puts a build in its place and says whether it was there already. One that is there and damaged is replaced by what it should be. */
  async keep(
    descriptor: BuildDescriptor,
    content: Content,
  ): Promise<{ build: Build; unchanged: boolean }> {
    const place = join(this.#directory, descriptor.digest);
    const there = opened(place);
    if (there !== undefined) return { build: there, unchanged: true };
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    await this.#removeAbandoned();
    const beside = this.#unfinished();
    try {
      await write(beside, descriptor, content);
      if (existsSync(place) && opened(place) === undefined) await this.#takeAway(place);
      // Fails where another builder was quicker with the same.
      await rename(beside, place);
    } catch (thrown) {
      await rm(beside, { recursive: true, force: true });
      const other = opened(place);
      if (other === undefined) throw thrown;
      return { build: other, unchanged: true };
    }
    return { build: openBuild(place), unchanged: false };
  }

  /** Takes away what is damaged: out of its place at once, and then file by file. */
  async #takeAway(place: string): Promise<void> {
    const aside = this.#unfinished();
    await rename(place, aside);
    await rm(aside, { recursive: true, force: true });
  }

  #unfinished(): string {
    return join(this.#directory, `${unfinished}${randomBytes(8).toString("hex")}`);
  }

  async #removeAbandoned(): Promise<void> {
    for (const name of await readdir(this.#directory)) {
      if (!name.startsWith(unfinished)) continue;
      const path = join(this.#directory, name);
      // One that is finished meanwhile has gone by itself.
      const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY }));
      if (this.#clock.wall() - mtimeMs > abandonedMs)
        await rm(path, { recursive: true, force: true });
    }
  }
}

function opened(place: string): Build | undefined {
  try {
    return openBuild(place);
  } catch {
    return undefined; // Not there, or not whole: it is written.
  }
}

async function write(
  directory: string,
  descriptor: BuildDescriptor,
  content: Content,
): Promise<void> {
  const folders = new Set([...content.keys()].map((path) => dirname(join(directory, path))));
  for (const folder of [directory, ...folders]) await mkdir(folder, { recursive: true });
  // Flushed: what is deployed must be there after the machine itself went down.
  for (const [path, { bytes, executable }] of content) {
    const mode = executable === true ? 0o555 : 0o444;
    await writeFile(join(directory, path), bytes, { mode, flush: true });
  }
  const text = `${JSON.stringify(descriptor, undefined, 2)}\n`;
  await writeFile(join(directory, buildFiles.descriptor), text, { mode: 0o444, flush: true });
}
