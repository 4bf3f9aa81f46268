// Boundary: `npm run verify`'s step that keeps secrets, paths of one machine and hosts of registries out of the repository.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { repositoryFiles } from "./repository-files.ts";
import { root } from "./root.ts";
import { findings } from "./tracked-text.ts";

for (const path of repositoryFiles(root)) {
  const text = textOf(join(root, path));
  if (text === undefined) continue;
  for (const { line, what } of findings(text)) {
    console.error(`${path}:${line}: looks like ${what}`);
    process.exitCode = 1;
  }
}

/** The text of a file; undefined when it is binary, or deleted and not committed yet. */
function textOf(path: string): string | undefined {
  try {
    const text = readFileSync(path, "utf8");
    return text.includes("\0") ? undefined : text;
  } catch {
    return undefined;
  }
}
