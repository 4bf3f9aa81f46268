// How authors' modules get into a process: Node's own loader, with three things added. It notes which of the app's files were
// loaded, finds what Node does not look for (tsconfig paths, imports without extension), and transforms TypeScript that is
// more than types. Nothing of it touches node_modules or Kerf's own packages.
import { registerHooks } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import { AppBoundary, AppFiles } from "./app-files.ts";
import { findImport, isNotFound } from "./find-import.ts";
import { mayNeedTransform, transformed } from "./transform.ts";

/** The loader at work. */
export interface AppLoader {
  readonly files: AppFiles;
  /** Takes the hooks out again; what is loaded stays loaded. */
  remove(): void;
}

/** Puts the hooks in front of every module that this process loads from now on. */
export function installLoader(): AppLoader {
  const files = new AppFiles();
  const boundary = new AppBoundary();
  // Asked three times for each of a thousand modules, most of them nobody's of the app.
  const known = new Map<string, string | undefined>();
  const appFile = (url: string | undefined): string | undefined => {
    if (url === undefined || !url.startsWith("file:") || url.includes("/node_modules/"))
      return undefined;
    if (known.has(url)) return known.get(url);
    const path = fileURLToPath(url);
    const file = boundary.isApp(path) ? path : undefined;
    known.set(url, file);
    return file;
  };

  const hooks = registerHooks({
    resolve(specifier, context, nextResolve) {
      const importer = appFile(context.parentURL);
      if (importer === undefined) return nextResolve(specifier, context);
      let result: ReturnType<typeof nextResolve>;
      try {
        result = nextResolve(specifier, context);
      } catch (thrown) {
        const found = isNotFound(thrown) ? findImport(specifier, importer) : undefined;
        if (found === undefined) throw thrown;
        result = nextResolve(pathToFileURL(found).href, context);
      }
      const file = appFile(result.url);
      if (file !== undefined) files.imported(importer, file);
      return result;
    },
    load(url, context, nextLoad) {
      const file = appFile(url);
      if (file === undefined) return nextLoad(url, context);
      files.loaded(file);
      return mayNeedTransform(file)
        ? (transformed(file, context.format) ?? nextLoad(url, context))
        : nextLoad(url, context);
    },
  });
  return { files, remove: () => hooks.deregister() };
}
