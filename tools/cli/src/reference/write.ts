// Boundary: writes docs/guides/cli.md from the definitions of the commands.
import { writeFileSync } from "node:fs";
import { reference } from "./reference.ts";
import { referenceFile } from "./reference-file.ts";

writeFileSync(referenceFile, reference());
