// Boundary: `npm test [-- PART_OF_A_PATH …]` and, with `--engines`, `npm run test:engines`. Runs node:test over the workspace.
import { spawnSync } from "node:child_process";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { idleProcessors } from "./idle-processors.ts";
import { endWithParent } from "./lifeline.ts";
import { root } from "./root.ts";
import { testFiles } from "./test-files.ts";
import { besideAndAlone, longestFirst } from "./test-order.ts";
import { TestRuns } from "./test-runs.ts";

/** A file that takes longer hangs, in milliseconds; all files together take less than five minutes. */
const fileTimeout = 150_000;
/** Engine tests install whole workspaces and start servers, in milliseconds. */
const engineTimeout = 600_000;
/**
 * Engine tests wait for servers, installations and faults for half of the time that they take. One more begins where three tenths of the processors had
 * nothing to do for so many milliseconds: as long as a platform takes to start.
 */
const [idleShare, lookMs] = [0.3, 6_000];

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

const runs = new TestRuns({
  cwd: root,
  execArgv: ["--conditions=kerf-source", "--disable-warning=ExperimentalWarning"],
  timeout: engines ? engineTimeout : fileTimeout,
});
if (engines) {
  const { alone, beside } = besideAndAlone(files);
  await runs.sideBySide(longestFirst(beside), {
    least: Math.min(2, availableParallelism()),
    most: availableParallelism() + 1,
    room: idleShare,
    idle: idleProcessors(),
    pause: () => sleep(lookMs, undefined, { ref: false }),
  });
  await runs.sideBySide(alone, "alone");
} else {
  // Many wait for processes of their own, so two more than there are cores; more only make each other slow.
  await runs.atOnce(longestFirst(files), Math.min(6, availableParallelism() + 2));
}
process.exitCode = (await runs.end()) ? 0 : 1;

function parseArguments(args: string[]) {
  return {
    engines: args.includes("--engines"),
    parts: args.filter((argument) => !argument.startsWith("--")),
  };
}
