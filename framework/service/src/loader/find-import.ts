import { statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, extname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { tsconfigOf } from "./tsconfig.ts";

const extensions = [".ts", ".tsx", ".mts", ".cts", ".js", ".mjs", ".cjs", ".json"];
/** What TypeScript writes in imports, and what then lies on the disk. */
const sources: Readonly<Record<string, readonly string[]>> = {
  ".js": [".ts", ".tsx"],
  ".mjs": [".mts"],
  ".cjs": [".cts"],
  ".jsx": [".tsx"],
};
// What the decorators of transformed code call: Kerf's dependency, so it is found from here and not from the author's folder.
const transformRuntime = "@oxc-project/runtime/";
const require = createRequire(import.meta.url);

/** Whether Node's own resolution ended without finding a file. */
export function isNotFound(thrown: unknown): boolean {
  const code = (thrown as { code?: unknown } | null)?.code;
  return (
    code === "ERR_MODULE_NOT_FOUND" ||
    code === "MODULE_NOT_FOUND" ||
    code === "ERR_UNSUPPORTED_DIR_IMPORT" ||
    // An alias such as `#lib/x` that package.json does not know, or `@/x`, which is no package name.
    code === "ERR_PACKAGE_IMPORT_NOT_DEFINED" ||
    code === "ERR_INVALID_MODULE_SPECIFIER"
  );
}

/** The file that an import of an app's file means by the rules of its tsconfig; undefined when there is none. */
export function findImport(specifier: string, importer: string): string | undefined {
  if (specifier.startsWith(transformRuntime)) return require.resolve(specifier);
  const given = specifier.startsWith("file:") ? fileURLToPath(specifier) : specifier;
  if (/^(?:\.{1,2}(?:\/|$)|\/)/.test(given)) return firstFile(resolve(dirname(importer), given));
  for (const path of tsconfigOf(importer)?.candidates(given) ?? []) {
    const found = firstFile(path);
    if (found !== undefined) return found;
  }
  return undefined;
}

function firstFile(path: string): string | undefined {
  const extension = extname(path);
  const stem = path.slice(0, path.length - extension.length);
  const candidates = [
    path,
    ...(sources[extension] ?? []).map((other) => stem + other),
    ...extensions.map((other) => path + other),
    ...extensions.map((other) => resolve(path, `index${other}`)),
  ];
  return candidates.find(
    (candidate) => statSync(candidate, { throwIfNoEntry: false })?.isFile() === true,
  );
}
