import { statSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { buildFiles } from "@kerf/service/builds";
import type { Plugin } from "rolldown";
import { parseSync, Visitor } from "rolldown/utils";
import type { SourceNames } from "./source-names.ts";

/**
 * Keeps `import.meta.url` of each module apart although all become one: it leads below `files/` of the build, to where the module lay in its project, and
 * what is named as `new URL("./file", import.meta.url)` is there.
 */
export class ModuleUrls {
  /** By the name in the build, the absolute path of what is to be there. */
  readonly assets = new Map<string, string>();
  readonly notes: string[] = [];
  readonly #names: SourceNames;

  constructor(names: SourceNames) {
    this.#names = names;
  }

  plugin(): Plugin {
    return {
      name: "kerf-module-urls",
      transform: {
        filter: { code: /import\.meta\b/ },
        handler: (code, id) => {
          if (id.startsWith("\0")) return null;
          const changed = this.#rewritten(code, id);
          return changed === undefined ? null : { code: changed, map: null };
        },
      },
    };
  }

  // Lengths and lines stay as they are, so that maps need no change: the functions stand at the end, and are hoisted.
  #rewritten(code: string, file: string): string | undefined {
    const places = placesIn(code, file);
    if (places.uses.length === 0) return undefined;
    for (const path of places.assets)
      this.#asset(fileURLToPath(new URL(path, pathToFileURL(file))));
    const name = this.#names.of(file);
    if (places.isComputed && !file.includes("/node_modules/")) {
      this.notes.push(
        `${name} names files by import.meta; a build has those that are written as new URL("./file", import.meta.url)`,
      );
    }
    let text = code;
    for (const { start, end, property } of places.uses.toReversed())
      text = text.slice(0, start) + `${replaced[property]}()`.padEnd(end - start) + text.slice(end);
    const url = `new URL(${JSON.stringify(`./${buildFiles.assets}/${encodeURI(name)}`)}, import.meta.url)`;
    return `${text}\nfunction __moduleUrl__() { return ${url}.href; }\nfunction __moduleFolder__() { return process.getBuiltinModule("node:url").fileURLToPath(new URL(".", __moduleUrl__())).slice(0, -1); }\nfunction __moduleFile__() { return process.getBuiltinModule("node:url").fileURLToPath(__moduleUrl__()); }\n`;
  }

  #asset(path: string): void {
    if (statSync(path, { throwIfNoEntry: false }) !== undefined)
      this.assets.set(this.#names.of(path), path);
  }
}

/** No longer than what they stand for. */
const replaced = {
  url: "__moduleUrl__",
  dirname: "__moduleFolder__",
  filename: "__moduleFile__",
} as const;

interface Places {
  /** Where `import.meta.PROPERTY` stands. */
  readonly uses: readonly { start: number; end: number; property: keyof typeof replaced }[];
  /** What is written as `new URL(PATH, import.meta.url)`. */
  readonly assets: readonly string[];
  /** Whether any of it is used otherwise. */
  readonly isComputed: boolean;
}

function placesIn(code: string, file: string): Places {
  const uses: { start: number; end: number; property: keyof typeof replaced }[] = [];
  const assets: string[] = [];
  const { program } = parseSync(file, code);
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
  }).visit(program);
  return { uses, assets, isComputed: uses.length > assets.length };
}
