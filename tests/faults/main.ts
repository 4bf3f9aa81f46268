// `npm run faults -- --only NAME --seconds 60 --rate 500 --json`: one instance of three fails in every way that there is, while requests come at their own
// pace; what their clients saw is judged. docs/guides/calls.md says how to read it. Exits with 0 when everything held, 1 when not.
import { KerfError } from "@kerf/kernel";
import { runScenario, warmUpS } from "./campaign.ts";
import { inOwnNetwork, isInOwnNetwork, lacksNetwork } from "./namespace.ts";
import { type FaultOptions, readOptions } from "./options.ts";
import { linesOf, type Outcome } from "./outcome.ts";
import { groups, scenarios } from "./scenarios/index.ts";
import type { Scenario } from "./scenarios/scenario.ts";

const ending = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
  process.on(signal, () => ending.abort(new Error(`ended by ${signal}`)));

try {
  const options = readOptions();
  process.exitCode = (await runAll(options)) ? 0 : 1;
} catch (thrown) {
  if (ending.signal.aborted) console.error(String(ending.signal.reason));
  else if (thrown instanceof KerfError) console.error(wordsOf(thrown));
  else console.error(thrown);
  process.exitCode = ending.signal.aborted ? 130 : 1;
}

async function runAll(options: FaultOptions): Promise<boolean> {
  // Lines for programs go to stdout, what people read beside them to stderr.
  const log = (line: string): void => (options.json ? console.error(line) : console.log(line));
  let passed = 0;
  let failed = 0;
  for (const scenario of scenarios) {
    if (!isWanted(scenario.name, options.only)) continue;
    if (!isInOwnNetwork)
      log(`${scenario.name}: ${options.rate} requests a second for ${options.seconds} s`);
    const outcome = await run(scenario, options, log);
    if (outcome === undefined) continue;
    if (options.json) console.log(JSON.stringify(outcome));
    if (!isInOwnNetwork) for (const line of linesOf(outcome)) log(line);
    if (outcome.violations.length === 0) passed++;
    else failed++;
  }
  // A run in a network of its own is part of another one, which says this.
  if (!isInOwnNetwork) log(`${passed} passed, ${failed} failed`);
  return failed === 0;
}

/** `only`: a scenario, or a group of them. */
function isWanted(name: string, only: string | undefined): boolean {
  if (only === undefined || only === name) return true;
  return groups.includes(only) && name.startsWith(`${only}-`);
}

/** Undefined for what this machine cannot run. */
async function run(
  scenario: Scenario,
  options: FaultOptions,
  log: (line: string) => void,
): Promise<Outcome | undefined> {
  if (scenario.ownNetwork !== true || isInOwnNetwork)
    return runScenario(scenario, { ...options, warmUpS, keep: true }, log, ending.signal);
  const lack = lacksNetwork();
  if (lack !== undefined) {
    log(`  skipped: ${lack}`);
    return undefined;
  }
  const { seconds, rate } = options;
  const args = ["--only", scenario.name, "--seconds", `${seconds}`, "--rate", `${rate}`];
  const { code, stdout } = await inOwnNetwork(args, ending.signal);
  ending.signal.throwIfAborted();
  if (stdout === "") throw new Error(`${scenario.name} ended with ${code} and without figures`);
  return JSON.parse(stdout) as Outcome;
}

function wordsOf({ message, why, fix }: KerfError): string {
  return [message, why, fix].filter((text) => text !== undefined).join("\n  ");
}
