import { type FSWatcher, watch } from "node:fs";
import { join, sep } from "node:path";
import type { Clock, Timer } from "@kerf/kernel";

/** How long it waits for further changes that belong together, in milliseconds: editors write a file in several steps. */
const quietMs = 40;
/** Directories in which nothing is source. */
const ignored = new Set(["node_modules", ".kerf", ".git", "dist"]);

/** Watches directories, not files: many editors replace a file instead of writing to it. */
export class FileWatcher {
  readonly #clock: Clock;
  readonly #onChange: (paths: string[]) => void;
  readonly #watched = new Map<string, FSWatcher>();
  readonly #pending = new Set<string>();
  #timer: Timer | undefined;

  constructor(clock: Clock, onChange: (paths: string[]) => void) {
    this.#clock = clock;
    this.#onChange = onChange;
  }

  /** Watches exactly these directories from now on; those that do not exist are tried again at the next call. */
  watch(directories: ReadonlySet<string>): void {
    for (const [directory, watcher] of this.#watched) {
      if (directories.has(directory)) continue;
      watcher.close();
      this.#watched.delete(directory);
    }
    for (const directory of directories) {
      if (this.#watched.has(directory) || directory.split(sep).some((part) => ignored.has(part)))
        continue;
      try {
        const watcher = watch(directory, { persistent: false }, (_event, name) => {
          if (name !== null) this.#saw(join(directory, name));
        });
        // The directory went away: what was in it is asked for again when it is back.
        watcher.on("error", () => {
          watcher.close();
          this.#watched.delete(directory);
        });
        this.#watched.set(directory, watcher);
      } catch {
        // It does not exist, or the system's watches are used up; the others still work.
      }
    }
  }

  stop(): void {
    this.#timer?.cancel();
    for (const watcher of this.#watched.values()) watcher.close();
    this.#watched.clear();
  }

  #saw(path: string): void {
    this.#pending.add(path);
    this.#timer?.cancel();
    this.#timer = this.#clock.after(quietMs, () => {
      const paths = [...this.#pending].toSorted();
      this.#pending.clear();
      this.#onChange(paths);
    });
  }
}
