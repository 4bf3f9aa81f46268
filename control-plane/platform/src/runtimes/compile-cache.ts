import { mkdirSync } from "node:fs";
import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Clock, Timer } from "@kerf/kernel";

/** What it may take, bytes: the host and one build of the shop's take 1.4 MB, so that this is two releases of fifty services. Beyond it the oldest goes, and is made again by the next start that needs it. */
const maxBytes = 128 * 1024 * 1024;
/** How often it is looked at, milliseconds. */
const everyMs = 600_000;

/**
 * What V8 made of programs' code, for all copies that start from few modules: compiling is a good part of a start. Those of a thousand modules would
 * hold up whom they serve while they write as many files. Node checks every piece against the code that it is for; only we may write
 * here, since what lies here is run. Whoever gives `NODE_COMPILE_CACHE`, or switches it off, has his way.
 */
export class CompileCache {
  readonly #directory: string;
  readonly #clock: Clock;
  #timer: Timer | undefined;

  constructor(directory: string, clock: Clock) {
    this.#directory = directory;
    this.#clock = clock;
  }

  /** What programs are told of it, under our own variables. */
  variables(environment: NodeJS.ProcessEnv = process.env): Readonly<Record<string, string>> {
    const { NODE_COMPILE_CACHE, NODE_DISABLE_COMPILE_CACHE } = environment;
    if (NODE_COMPILE_CACHE !== undefined || NODE_DISABLE_COMPILE_CACHE !== undefined) return {};
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
    return { NODE_COMPILE_CACHE: this.#directory };
  }

  /** Keeps it within its bound from now on. */
  start(): void {
    this.#timer = this.#clock.after(everyMs, () => {
      this.start();
      void pruneCompileCache(this.#directory).catch(() => {}); // Tried again at the next look.
    });
  }

  stop(): void {
    this.#timer?.cancel();
  }
}

/** Takes the oldest files away until the rest has no more than `most` bytes. */
export async function pruneCompileCache(directory: string, most = maxBytes): Promise<void> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = await Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map(async ({ name, parentPath }) => {
        const path = join(parentPath, name);
        const info = await stat(path).catch(() => undefined);
        return { path, bytes: info?.size ?? 0, at: info?.mtimeMs ?? 0 };
      }),
  );
  let bytes = 0;
  for (const file of files.toSorted((a, b) => b.at - a.at)) {
    bytes += file.bytes;
    if (bytes > most) await rm(file.path, { force: true });
  }
}
