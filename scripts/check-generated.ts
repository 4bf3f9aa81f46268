// Boundary: `npm run verify`'s step that compares the generated files with their sources; `--write` (npm run fix) writes them.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { generatedFiles, isCurrent } from "./generated.ts";
import { root } from "./root.ts";

const write = process.argv.includes("--write");
for (const generated of generatedFiles()) {
  if (isCurrent(root, generated)) continue;
  const { path, text } = generated;
  const file = join(root, path);
  if (write) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    console.log(`wrote ${path}`);
  } else {
    console.error(`${path} is not what its source says today`);
    process.exitCode = 1;
  }
}
