import { statSync } from "node:fs";

/** Remembers how files looked, so that a change is told from an event that changed nothing. */
export class SourceFiles {
  readonly #known = new Map<string, string>();

  /**
   * Knows these files from now on. Answers those that were written since `loadedAt` (milliseconds since 1970-01-01 UTC), when
   * a program read them: their change would otherwise be missed.
   */
  know(files: Iterable<string>, loadedAt: number): string[] {
    const newer: string[] = [];
    for (const file of files) {
      if (this.#known.has(file)) continue;
      const look = lookOf(file);
      this.#known.set(file, look.signature);
      if (look.writtenAt > loadedAt) newer.push(file);
    }
    return newer;
  }

  /** Those of the paths that look different than before; from now on they are known as they are. */
  changed(paths: readonly string[]): string[] {
    return paths.filter((path) => {
      const before = this.#known.get(path);
      if (before === undefined) return false;
      const { signature } = lookOf(path);
      if (signature === before) return false;
      this.#known.set(path, signature);
      return true;
    });
  }
}

function lookOf(file: string): { signature: string; writtenAt: number } {
  const info = statSync(file, { throwIfNoEntry: false });
  if (info === undefined) return { signature: "missing", writtenAt: 0 };
  return { signature: `${info.ino}:${info.size}:${info.mtimeMs}`, writtenAt: info.mtimeMs };
}
