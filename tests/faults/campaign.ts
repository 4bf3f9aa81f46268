import { setTimeout as sleep } from "node:timers/promises";
import { Cluster } from "./cluster.ts";
import { openLoop, type Sample } from "./load/open-loop.ts";
import { requestAt } from "./load/request-at.ts";
import { MemoryWatch } from "./memory.ts";
import { type Observed, type Outcome, outcomeOf } from "./outcome.ts";
import type { Scenario } from "./scenarios/scenario.ts";

/** Load before anything is measured, seconds: programs compile what they run often, and callers forget how slow that was in 10 to 20 s. */
export const warmUpS = 20;
/** When the fault comes, seconds from the start of what is measured; earlier in a run that is short. */
const faultAtS = 10;
/** Pause between two lines of progress, seconds. */
const progressS = 10;

/** How a scenario is run. */
export interface RunOptions {
  /** Requests a second, and how long. */
  readonly rate: number;
  readonly seconds: number;
  /** Load before that, which is not looked at, seconds; {@link warmUpS} where times are judged. */
  readonly warmUpS: number;
  /** Leave logs and data when something is not as it must be. */
  readonly keep: boolean;
}

/** Runs one scenario over processes of its own, and judges what its clients saw. `signal`: end early. */
export async function runScenario(
  scenario: Scenario,
  options: RunOptions,
  log: (line: string) => void,
  signal: AbortSignal,
): Promise<Outcome> {
  const cluster = await Cluster.start(scenario.network ?? "unix", scenario.exporter);
  let { keep } = options;
  try {
    const observed = await observe(scenario, cluster, options, log, signal);
    signal.throwIfAborted();
    const outcome = outcomeOf(scenario.name, observed, scenario);
    keep &&= outcome.violations.length > 0;
    return outcome;
  } finally {
    await cluster.stop(keep && !signal.aborted);
    if (keep && !signal.aborted) log(`  logs are kept in ${cluster.home}`);
  }
}

async function observe(
  scenario: Scenario,
  cluster: Cluster,
  { rate, seconds, warmUpS: warmUp }: RunOptions,
  log: (line: string) => void,
  signal: AbortSignal,
): Promise<Observed> {
  const samples: Sample[] = [];
  const warmUpMs = warmUp * 1_000;
  const faultAtMs = Math.min(faultAtS, Math.floor(seconds / 3)) * 1_000;
  const leftMs = seconds * 1_000 - faultAtMs;
  const count = (): Observed["executed"] => ({
    stock: cluster.calls("stock"),
    quotes: cluster.calls("quotes"),
  });
  let before = count();
  const ending = new AbortController();
  const over = AbortSignal.any([signal, ending.signal]);
  let progress: NodeJS.Timeout | undefined;
  const watched = scenario.memoryBoundMb === undefined ? undefined : cluster.serving;
  let memory: { usual: MemoryWatch; struck?: MemoryWatch } | undefined;
  let usualMb: ReadonlyMap<number, number> | undefined;
  const fault = (async () => {
    await waitUnless(over, warmUpMs);
    before = count();
    if (watched !== undefined) memory = { usual: new MemoryWatch(watched) };
    const began = performance.now();
    progress = setInterval(() => {
      const failed = samples.filter(({ status }) => status !== 200).length;
      const at = Math.round((performance.now() - began) / 1_000);
      log(`  ${at} s: ${samples.length} answered, ${failed} of them failed`);
    }, progressS * 1_000);
    await waitUnless(over, faultAtMs);
    usualMb = await memory?.usual.stop();
    if (memory !== undefined && watched !== undefined) memory.struck = new MemoryWatch(watched);
    if (!over.aborted) await strike(scenario, cluster, leftMs, log, over);
  })();
  const onSample = (sample: Sample): void => {
    if (sample.at >= warmUpMs) samples.push({ ...sample, at: sample.at - warmUpMs });
  };
  try {
    await openLoop(cluster.url, rate, warmUp + seconds, requestAt, onSample, signal);
  } finally {
    clearInterval(progress);
    ending.abort();
    await fault;
  }
  const after = count();
  return {
    samples,
    faultAtMs,
    lastsMs: seconds * 1_000,
    executed: { stock: after.stock - before.stock, quotes: after.quotes - before.quotes },
    grownMb: grown(usualMb, await memory?.struck?.stop()),
  };
}

/** By how much the one program that grew most is larger than it had ever been before, MB. */
function grown(
  before: ReadonlyMap<number, number> | undefined,
  after: ReadonlyMap<number, number> | undefined,
): number | undefined {
  if (before === undefined || after === undefined) return undefined;
  return Math.max(...[...after].map(([pid, mb]) => mb - (before.get(pid) ?? mb)));
}

/** Strikes and undoes it at its time, or when `over` aborts. */
async function strike(
  scenario: Scenario,
  cluster: Cluster,
  leftMs: number,
  log: (line: string) => void,
  over: AbortSignal,
): Promise<void> {
  const mend = await scenario.strike(cluster);
  log(`  ${scenario.says}`);
  await waitUnless(over, leftMs * (scenario.mendedAt ?? 1));
  await mend();
  if (!over.aborted) log("  mended");
}

/** Resolves after `ms`, or as soon as `signal` aborts. */
async function waitUnless(signal: AbortSignal, ms: number): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
