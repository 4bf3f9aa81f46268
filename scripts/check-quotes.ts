// Boundary: `npm run verify`'s step that holds the code in the guides to the files that it is quoted from.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { falseQuotes } from "./guides/quotes.ts";
import { repositoryFiles } from "./repository-files.ts";
import { root } from "./root.ts";

const pages = repositoryFiles(root).filter((path) =>
  /^(?:README|docs\/guides\/[\w-]+)\.md$/.test(path),
);
for (const page of pages)
  for (const sentence of falseQuotes(page, read(page) ?? "", read)) {
    console.error(sentence);
    process.exitCode = 1;
  }

function read(path: string): string | undefined {
  try {
    return readFileSync(join(root, path), "utf8");
  } catch {
    return undefined;
  }
}
