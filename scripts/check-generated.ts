// Boundary: `npm run verify`'s step that compares the generated files with their sources; `--write` (npm run fix) writes them.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { generatedFiles } from "./generated.ts";
import { root } from "./root.ts";

const write = process.argv.includes("--write");
for (const { path, text } of generatedFiles()) {
  const file = join(root, path);
  if (text === current(file)) continue;
  if (write) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    console.log(`wrote ${path}`);
  } else {
    console.error(`${path} is not what its source says today`);
    process.exitCode = 1;
  }
}

function current(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
