import { readFileSync } from "node:fs";
import { dirname, join, sep } from "node:path";

/** Which of the app's own source files were loaded, and which of them imported which. */
export class AppFiles {
  readonly #loaded = new Set<string>();
  readonly #imports = new Map<string, Set<string>>();
  #watch: ((file: string) => void) | undefined;

  /** Absolute paths of all that were loaded, sorted. */
  get all(): string[] {
    return [...this.#loaded].toSorted();
  }

  /** Notes that `file` was loaded. */
  loaded(file: string): void {
    this.#loaded.add(file);
  }

  /** Notes that `importer` imports `file`. */
  imported(importer: string, file: string): void {
    let imports = this.#imports.get(importer);
    if (imports === undefined) this.#imports.set(importer, (imports = new Set()));
    imports.add(file);
    this.#watch?.(file);
  }

  /** Runs `load` and tells which file it imported first: the module that a lazy import stands for. */
  async rootOf<T>(load: () => Promise<T>): Promise<{ module: T; root: string | undefined }> {
    let root: string | undefined;
    this.#watch = (file) => void (root ??= file);
    try {
      return { module: await load(), root };
    } finally {
      this.#watch = undefined;
    }
  }

  /** `root` and everything that it imports, directly or not; sorted. */
  reachableFrom(root: string): string[] {
    const reached = new Set([root]);
    for (const file of reached) for (const next of this.#imports.get(file) ?? []) reached.add(next);
    return [...reached].filter((file) => this.#loaded.has(file)).toSorted();
  }
}

/** Whether a file is the app's own: outside of node_modules, and outside of Kerf's packages while Kerf itself is developed. */
export class AppBoundary {
  readonly #ownByFolder = new Map<string, boolean>();

  isApp(file: string): boolean {
    return !file.includes(`${sep}node_modules${sep}`) && this.#folderIsApp(dirname(file));
  }

  #folderIsApp(folder: string): boolean {
    const known = this.#ownByFolder.get(folder);
    if (known !== undefined) return known;
    const name = packageName(folder);
    const above = dirname(folder);
    const own =
      name === undefined
        ? above === folder || this.#folderIsApp(above)
        : name !== "kerf" && !name.startsWith("@kerf/");
    this.#ownByFolder.set(folder, own);
    return own;
  }
}

/** The name in the folder's own package.json: empty when it has none, undefined without a package.json. */
function packageName(folder: string): string | undefined {
  let text: string;
  try {
    text = readFileSync(join(folder, "package.json"), "utf8");
  } catch {
    return undefined;
  }
  try {
    return (JSON.parse(text) as { name?: string } | null)?.name ?? "";
  } catch {
    return "";
  }
}
