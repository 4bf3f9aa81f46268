// Boundary: `npm test [-- PART_OF_A_PATH …]` and, with `--engines`, `npm run test:engines`. Runs node:test over the workspace.
import { spawnSync } from "node:child_process";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { endWithParent } from "./lifeline.ts";
import { root } from "./root.ts";
import { testFiles } from "./test-files.ts";
import { besideAndAlone, longestFirst } from "./test-order.ts";

/** A file that takes longer hangs, in milliseconds; all files together take less than five minutes. */
const fileTimeout = 150_000;
/** Engine tests install whole workspaces and start servers, in milliseconds. */
const engineTimeout = 600_000;

endWithParent();
// Until all has passed.
process.exitCode = 1;
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
let passed = true;
const empty: string[] = [];

if (engines) {
  const { alone, beside } = besideAndAlone(files);
  // Most of what engine tests take is waiting: for servers, installations, faults.
  await runFiles(longestFirst(beside), Math.min(2, availableParallelism()));
  await runFiles(alone, 1);
} else {
  // Many wait for processes of their own, so two more than there are cores; more only make each other slow.
  await runFiles(longestFirst(files), Math.min(6, availableParallelism() + 2));
}
for (const name of empty) console.error(`${name} contains no test.`);
if (ran === 0) console.error("No test ran: a suite that tests nothing does not pass.");
process.exitCode = ran > 0 && empty.length === 0 && passed ? 0 : 1;

/** Runs some files, so many at a time, and prints how it goes; none is no failure. */
async function runFiles(some: readonly string[], concurrency: number): Promise<void> {
  if (some.length === 0) return;
  const stream = run({
    files: [...some],
    cwd: root,
    concurrency,
    execArgv: ["--conditions=kerf-source", "--disable-warning=ExperimentalWarning"],
    timeout: engines ? engineTimeout : fileTimeout,
  });
  let summed = false;
  stream.on("test:summary", ({ counts, file, success }) => {
    // One summary a file and, without a file, the one over all.
    if (file !== undefined) return;
    ran += counts.tests;
    summed = true;
    passed &&= success;
  });
  stream.on("test:pass", ({ name }) => {
    // node:test reports a file without tests as one passed test of the file's name.
    if (some.includes(name)) empty.push(name);
  });
  for await (const text of stream.compose(spec)) process.stdout.write(text);
  passed &&= summed;
}

function parseArguments(args: string[]) {
  return {
    engines: args.includes("--engines"),
    parts: args.filter((argument) => !argument.startsWith("--")),
  };
}
