import { statSync } from "node:fs";
import { isAbsolute, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { buildFiles } from "@kerf/service/builds";
import type { Plugin } from "rolldown";
import { parseSync, Visitor } from "rolldown/utils";
import { isInside } from "./folder-files.ts";
import type { SourceNames } from "./source-names.ts";

/**
 * Keeps the places of modules apart although all become one: `import.meta.url` of each (and `__dirname` of a CommonJS module) leads below `files/` of the build, to
 * where the module lay in its project, and what is named as `new URL("./file", import.meta.url)` is there.
 */
export class ModuleUrls {
  /** By the name in the build, the absolute path of what is to be there. */
  readonly assets = new Map<string, string>();
  readonly #notes = new Set<string>();
  readonly #names: SourceNames;
  readonly #placed: readonly string[];

  /** `placed`: absolute paths of folders that have a place of their own in the build. */
  constructor(names: SourceNames, placed: readonly string[]) {
    this.#names = names;
    this.#placed = placed;
  }

  get notes(): string[] {
    return [...this.#notes].toSorted();
  }

  plugin(): Plugin {
    return {
      name: "kerf-module-urls",
      transform: {
        filter: { code: /\bimport\.meta\b|\b__(?:dirname|filename)\b/ },
        handler: (code, id) => {
          if (!isAbsolute(id)) return null;
          const changed = this.#rewritten(code, id);
          return changed === undefined ? null : { code: changed, map: null };
        },
      },
    };
  }

  // Lengths and lines stay as they are, so that maps need no change: the functions stand at the end, and are hoisted.
  #rewritten(code: string, file: string): string | undefined {
    const { assets, isCommonJs, isComputed, uses } = placesIn(code, file);
    if (uses.length === 0 && !isCommonJs) return undefined;
    const name = this.#names.of(file);
    for (const path of assets)
      this.#asset(resolve(fileURLToPath(new URL(path, pathToFileURL(file)))), file);
    if (isComputed || isCommonJs) this.#note(name);
    let text = code;
    for (const { start, end, property } of uses.toReversed())
      text = text.slice(0, start) + `${replaced[property]}()`.padEnd(end - start) + text.slice(end);
    return (isCommonJs ? commonJsPlaces : "") + text + functionsFor(name);
  }

  #asset(path: string, from: string): void {
    if (this.#placed.some((folder) => isInside(path, folder))) return;
    // The folder that the module itself is in: that is the whole source, and nobody can see what of it is meant.
    if (isInside(from, path)) this.#note(this.#names.of(from));
    else if (statSync(path, { throwIfNoEntry: false }) !== undefined)
      this.assets.set(this.#names.of(path), path);
  }

  #note(name: string): void {
    const installed = /^node_modules\/(?:.*\/node_modules\/)?((?:@[^/]+\/)?[^/]+)/.exec(name)?.[1];
    this.#notes.add(
      installed === undefined
        ? `${name} names files by where it lies; a build has those that are written as new URL("./file", import.meta.url)`
        : `the package ${installed} names files by where it lies; if it needs them, keep it a package: "kerf": { "unbundled": ["${installed}"] }`,
    );
  }
}

/** No longer than what they stand for. */
const replaced = {
  url: "__moduleUrl__",
  dirname: "__moduleFolder__",
  filename: "__moduleFile__",
} as const;

const commonJsPlaces = "var __dirname = __moduleFolder__(), __filename = __moduleFile__(); ";

/** What a module called `name` in the build calls to learn where it is. */
function functionsFor(name: string): string {
  const url = `./${buildFiles.assets}/${encodeURI(name)}`;
  const toPath = `process.getBuiltinModule("node:url").fileURLToPath`;
  return `
function __moduleUrl__() { return new URL(${JSON.stringify(url)}, import.meta.url).href; }
function __moduleFile__() { return ${toPath}(__moduleUrl__()); }
function __moduleFolder__() { return ${toPath}(new URL(".", __moduleUrl__())).slice(0, -1); }
`;
}

interface Places {
  /** Where `import.meta.PROPERTY` stands. */
  readonly uses: readonly { start: number; end: number; property: keyof typeof replaced }[];
  /** What is written as `new URL(PATH, import.meta.url)`. */
  readonly assets: readonly string[];
  /** Whether any of it is used otherwise. */
  readonly isComputed: boolean;
  /** Whether it has `__dirname` or `__filename` from its loader. */
  readonly isCommonJs: boolean;
}

function placesIn(code: string, file: string): Places {
  const uses: { start: number; end: number; property: keyof typeof replaced }[] = [];
  const assets: string[] = [];
  const named = new Set<string>();
  const declared = new Set<string>();
  const { module, program } = parseSync(file, code);
  new Visitor({
    MemberExpression(node) {
      if (node.object.type !== "MetaProperty" || node.property.type !== "Identifier") return;
      const { name } = node.property;
      if (name in replaced)
        uses.push({ start: node.start, end: node.end, property: name as keyof typeof replaced });
    },
    NewExpression(node) {
      const [path, base] = node.arguments;
      const isUrl = node.callee.type === "Identifier" && node.callee.name === "URL";
      if (!isUrl || path?.type !== "Literal" || typeof path.value !== "string") return;
      if (base?.type === "MemberExpression" && base.object.type === "MetaProperty")
        assets.push(path.value);
    },
    VariableDeclarator(node) {
      if (node.id.type === "Identifier") declared.add(node.id.name);
    },
    Identifier({ name }) {
      if (name === "__dirname" || name === "__filename") named.add(name);
    },
  }).visit(program);
  const isCommonJs = !module.hasModuleSyntax && named.size > 0 && named.isDisjointFrom(declared);
  return { uses, assets, isComputed: uses.length > assets.length, isCommonJs };
}
