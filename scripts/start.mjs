// Boundary: `npm start`, on whatever Node the machine has. Sets the workspace up, then hands over to `kerf dev`, with visitors in the shop and the dashboard in the browser unless `--quiet` is said.
import { bootstrap } from "./bootstrap.mjs";
import { launch } from "./bootstrap/launch.mjs";

const node = await bootstrap();
const command = [
  "tools/cli/src/main.ts",
  "dev",
  "--app",
  "examples/shop/app.ts",
  "--traffic",
  "--open",
];
process.exitCode = await launch(node, [...command, ...process.argv.slice(2)], { ownSession: true });
