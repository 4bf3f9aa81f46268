// Boundary: `npm run verify`'s step that keeps secrets, paths of one machine and hosts of registries out of the repository.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./root.ts";
import { findings } from "./tracked-text.ts";

// Files that are new and not ignored are read too: they are about to be committed.
const list = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
  cwd: root,
  encoding: "utf8",
});
for (const path of new Set(list.split("\0").filter((name) => name !== ""))) {
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
