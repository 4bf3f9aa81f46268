// Boundary: `npm run verify`'s step that holds docs/microservices.ts to what exists.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { rows } from "../docs/microservices.ts";
import { falseClaims } from "./microservices/claims.ts";
import { kerfCommands } from "./microservices/kerf-commands.ts";
import { root } from "./root.ts";

const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  scripts: Record<string, string>;
};
const wrong = falseClaims(rows, {
  file: (path) => existsSync(join(root, path)),
  npmScripts: Object.keys(scripts),
  kerfCommands: kerfCommands(root),
});
for (const sentence of wrong) console.error(sentence);
if (wrong.length > 0) process.exitCode = 1;
