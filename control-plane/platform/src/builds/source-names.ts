import { existsSync, realpathSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";

/** What the files of a project are called in its builds: the same in whatever folder the project lies. */
export class SourceNames {
  /** Absolute path of the project's folder. */
  readonly root: string;

  /** `module`: of the app or service. The project is the folder of its nearest package.json. */
  constructor(module: string) {
    this.root = projectOf(dirname(realpathSync(module)));
  }

  /** The path from the project's folder, with `/`; of what is installed, from its node_modules. */
  of(file: string): string {
    const parts = file.split(sep);
    const installed = parts.lastIndexOf("node_modules");
    if (installed >= 0) return parts.slice(installed).join("/");
    const path = relative(this.root, file).split(sep);
    // Above the project's folder, of a workspace with several: named from where they part.
    return path.map((part) => (part === ".." ? "_" : part)).join("/");
  }

  /** The name of a source that a map names relative to itself. */
  ofMapped(source: string, map: string): string {
    if (source.startsWith("\0") || !existsSync(resolve(dirname(map), source))) return source;
    return this.of(resolve(dirname(map), source));
  }
}

function projectOf(folder: string): string {
  for (let at = folder; ; at = dirname(at)) {
    if (existsSync(join(at, "package.json"))) return at;
    if (dirname(at) === at) return folder;
  }
}
