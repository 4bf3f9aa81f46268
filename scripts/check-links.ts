// Boundary: `npm run verify`'s step that follows every link between the pages and files of this repository.
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { relativeLinks } from "./markdown-links.ts";
import { repositoryFiles } from "./repository-files.ts";
import { root } from "./root.ts";

for (const page of repositoryFiles(root).filter(
  (path) => path.endsWith(".md") && existsSync(join(root, path)),
))
  for (const { line, target } of relativeLinks(readFileSync(join(root, page), "utf8")))
    if (!existsSync(join(root, dirname(page), target))) {
      console.error(`${page}:${line}: ${target} does not exist`);
      process.exitCode = 1;
    }
