// Boundary: `npm run verify`, what CI runs. A line per check, all failures at once, then the tests; `-- --no-tests` leaves those out.
import { spawn } from "node:child_process";
import { root } from "./root.ts";
import { type Step, steps } from "./verify-steps.ts";

interface Outcome {
  readonly step: Step;
  readonly code: number;
  readonly output: string;
}

const failed: Outcome[] = [];
for (const step of steps) {
  const started = performance.now();
  const outcome = await check(step);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(
    `${outcome.code === 0 ? "ok  " : "FAIL"} ${step.name.padEnd(20)} ${seconds.padStart(5)} s`,
  );
  if (outcome.code !== 0) failed.push(outcome);
}
for (const { step, output } of failed)
  console.error(`\n── ${step.name} ──\n${output.trimEnd()}\nWhat to do: ${step.fix}`);
if (failed.length > 0) process.exitCode = 1;
else if (!process.argv.includes("--no-tests")) process.exitCode = await tests();

function check(step: Step): Promise<Outcome> {
  const [program, ...args] = step.command;
  const child = spawn(program, program === "node" ? ["--conditions=kerf-source", ...args] : args, {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  child.stdout.on("data", (chunk) => (output += String(chunk)));
  child.stderr.on("data", (chunk) => (output += String(chunk)));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ step, code: code ?? 1, output }));
  });
}

function tests(): Promise<number> {
  const child = spawn("node", ["--conditions=kerf-source", "scripts/run-tests.ts"], {
    cwd: root,
    stdio: "inherit",
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve(code ?? 1));
  });
}
