// Boundary: every other `npm run` script, on whatever Node the machine has: `node scripts/run.mjs FILE.ts ARGS`.
import { bootstrap } from "./bootstrap.mjs";
import { launch } from "./bootstrap/launch.mjs";

const node = await bootstrap();
process.exitCode = await launch(node, process.argv.slice(2), { ownSession: false });
