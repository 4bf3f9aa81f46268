// Boundary: `npm test [-- PART_OF_A_PATH …]` and, with `--engines`, `npm run test:engines`. Runs node:test over the workspace.
import { spawnSync } from "node:child_process";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { endWithParent } from "./lifeline.ts";
import { root } from "./root.ts";
import { testFiles } from "./test-files.ts";

/** A file that takes longer hangs, in milliseconds; all files together take less than five minutes. */
const fileTimeout = 150_000;
/** Engine tests install whole workspaces and start servers, in milliseconds. */
const engineTimeout = 600_000;

endWithParent();
const { engines, parts } = parseArguments(process.argv.slice(2));
const files = testFiles(root, engines ? "engines" : "ordinary").filter(
  (path) => parts.length === 0 || parts.some((part) => path.includes(part)),
);
if (files.length === 0) {
  console.error(`No test file matches ${parts.join(", ") || "the workspace"}: nothing was tested.`);
  process.exit(1);
}

// A set-up that fails costs nothing yet: each engine test says what it misses.
if (engines) spawnSync("scripts/engines/setup", { cwd: root, stdio: "inherit" });

// What one file's process has compiled, the next one finds: half of what its start costs.
process.env["NODE_COMPILE_CACHE"] ??= join(root, "node_modules/.cache/node-compile");

let ran = 0;
let passed = false;
const stream = run({
  files,
  cwd: root,
  // Many wait for processes of their own, so one more than there are cores; more only make each other slow.
  concurrency: engines ? 1 : Math.min(4, availableParallelism() + 1),
  execArgv: ["--conditions=kerf-source", "--disable-warning=ExperimentalWarning"],
  timeout: engines ? engineTimeout : fileTimeout,
});
stream.on("test:summary", (summary) => {
  // One summary a file and, without a file, the one over all.
  if (summary.file !== undefined) return;
  ran = summary.counts.tests;
  passed = summary.success;
});
const empty: string[] = [];
stream.on("test:pass", ({ name }) => {
  // node:test reports a file without tests as one passed test of the file's name.
  if (files.includes(name)) empty.push(name);
});
stream.once("end", () => {
  for (const name of empty) console.error(`${name} contains no test.`);
  if (ran === 0) console.error("No test ran: a suite that tests nothing does not pass.");
  process.exitCode = ran > 0 && empty.length === 0 && passed ? 0 : 1;
});
process.exitCode = 1;
stream.compose(spec).pipe(process.stdout);

function parseArguments(args: string[]) {
  return {
    engines: args.includes("--engines"),
    parts: args.filter((argument) => !argument.startsWith("--")),
  };
}
