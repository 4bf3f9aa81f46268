import { readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { join, sep } from "node:path";
import { KerfError } from "@kerf/kernel";
import type { Content } from "./content.ts";

/** Most files that a folder may bring into a build: more is somebody's cache or data. */
const mostFiles = 10_000;
/** Most bytes that a folder may bring into a build. */
const mostBytes = 256 * 1024 * 1024;

/** What tools leave behind, and what is installed where the program runs. */
const left = new Set(["node_modules", "__pycache__", "target", "venv", "CVS"]);

/** Whether a name in a folder is none of the program's own files: hidden ones (`.git`, `.env`, `.venv`) and what tools leave behind. */
export function isLeftOut(name: string): boolean {
  return name.startsWith(".") || left.has(name) || name.endsWith(".pyc");
}

/** Whether `path` is `folder` or lies below it; both absolute. */
export function isInside(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder + sep);
}

/**
 * The files of a folder as they are to lie below `into`. Throws `start_failed` when there are too many, and for a link that leads out of it. `all`: of an
 * installed package, which has nothing in it that is not meant.
 */
export function folderFiles(
  folder: string,
  into: string,
  options: { what: string; all?: boolean },
): Content {
  const { what, all = false } = options;
  const content: Content = new Map();
  const root = realpathSync(folder);
  let bytes = 0;
  const visit = (path: string, name: string): void => {
    for (const entry of readdirSync(path).toSorted()) {
      if (entry === "node_modules" || (!all && isLeftOut(entry))) continue;
      const file = join(path, entry);
      const real = realpathSync(file);
      if (!isInside(real, root)) throw leadsOut(what, file);
      const info = statSync(real);
      if (info.isDirectory()) {
        // A link to a folder would bring it twice, or never end.
        if (real === file) visit(file, `${name}/${entry}`);
        continue;
      }
      bytes += info.size;
      if (content.size >= mostFiles || bytes > mostBytes) throw tooMuch(what, folder);
      const executable = (info.mode & 0o100) !== 0;
      content.set(`${name}/${entry}`, { bytes: readFileSync(real), executable });
    }
  };
  visit(root, into);
  return content;
}

function leadsOut(what: string, file: string): KerfError {
  return new KerfError("start_failed", {
    message: `${what} cannot be built: the link ${file} leads out of the folder.`,
    why: "A build holds the files of that folder only, so that it runs without anything beside it.",
    fix: "Put the file there instead of the link.",
  });
}

function tooMuch(what: string, folder: string): KerfError {
  return new KerfError("start_failed", {
    message: `${what} cannot be built: ${folder} holds more than ${mostFiles} files or ${mostBytes / 1024 / 1024} MiB.`,
    why: "Everything in it would become part of the build.",
    fix: "Keep the program in a folder of its own, without data and caches.",
  });
}
