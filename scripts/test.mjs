// Boundary: `npm test` and `npm run test:engines`, on whatever Node the machine has.
import { bootstrap } from "./bootstrap.mjs";
import { launch } from "./bootstrap/launch.mjs";

const node = await bootstrap();
const command = ["scripts/run-tests.ts", ...process.argv.slice(2)];
process.exitCode = await launch(node, command, { ownSession: true });
