// Boundary: `npm run verify`'s step that holds the layer table; prints every violation at once, each with its reason.
import { layers } from "../layers.ts";
import { violationsIn } from "./layers/violations.ts";
import { root } from "./root.ts";

const violations = violationsIn(root, layers);
for (const { file, line, rule, reason } of violations)
  console.error(`${file}:${line}: ${rule}\n  because: ${reason}`);
if (violations.length > 0) {
  console.error(
    `\n${violations.length} violations of layers.ts. Move the code, pass the part in, or argue for another table in a decision record.`,
  );
  process.exitCode = 1;
}
