import { fileURLToPath } from "node:url";
import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "@kerf/contract";
import type { ChangeReport, platform, UnitStatus } from "@kerf/control-api";
import { isOk, linesOfFindings } from "../workload/invariants/findings.ts";
import type { Finding } from "../workload/invariants/invariant.ts";
import { LightLoad } from "./light-load.ts";
import { ReleasedShop } from "./released-shop.ts";

/** What a run is told. */
export interface ScaleOptions {
  /** Most copies of `search`. */
  readonly copies: number;
  /** Copies of `users` beside them. */
  readonly beside: number;
  /** Requests a second, about. */
  readonly rate: number;
}

/** A step from one number of copies to another. */
interface Step {
  readonly copies: number;
  /** From the request to its end, milliseconds. */
  readonly ms: number;
  /** Until every caller knew the copies that there are to be, milliseconds. */
  readonly convergedMs: number;
  /** Resident memory of one copy on average and at most, and of everything that runs, bytes. */
  readonly each: number;
  readonly most: number;
  readonly all: number;
  /** Calls a second of the copy that got fewest, of one on average, and of the one that got most, over the last 30 s. */
  readonly calls: { readonly least: number; readonly mean: number; readonly most: number };
  /** Until every copy was seen with calls, milliseconds; undefined where it took longer than was looked for. */
  readonly calledMs: number | undefined;
}

/** What a run found. */
export interface ScaleReport {
  readonly findings: readonly Finding[];
  readonly passed: number;
  readonly failed: number;
}

const app = fileURLToPath(new URL("../../examples/shop/app.ts", import.meta.url));
/** How long the load runs at each number of copies, milliseconds: what a status says of calls is of the last 30 s. */
const watchMs = 36_000;
/**
 * And at most until every copy was called, milliseconds. One whose first answer was a slow one, as while a hundred start on two cores, is
 * chosen again only once that is forgotten: half a second beside 3 ms takes 51 s, as its average falls by e in 10 s.
 */
const mostMs = 120_000;
const lookMs = 5_000;
/** A platform waits for 2 s until everybody has acknowledged a placement, and goes on then. */
const acknowledgeBoundMs = 2_000;

/**
 * Scales `search` up and down in steps, beside `users`, under light load; judges what clients saw, whether `users` was left alone, and whether every copy
 * was found. Everything that it started has ended when it resolves.
 */
export async function runScale(
  options: ScaleOptions,
  log: (line: string) => void,
  signal: AbortSignal,
): Promise<ScaleReport> {
  log(`scale: search to ${options.copies} copies beside ${options.beside} of users`);
  const shop = await ReleasedShop.start(app);
  let keep = true;
  try {
    const report = await scaleUnderLoad(shop, options, log, signal);
    keep = report.failed > 0;
    return report;
  } finally {
    await shop.stop();
    if (keep && !signal.aborted) log(`logs and data are kept in ${shop.home}`);
    else await shop.remove();
  }
}

async function scaleUnderLoad(
  shop: ReleasedShop,
  { beside, copies, rate }: ScaleOptions,
  log: (line: string) => void,
  signal: AbortSignal,
): Promise<ScaleReport> {
  const client = await shop.client();
  await shop.kerf("scale", "users", String(beside));
  const users = pidsOf(await unitOf(client, "users"));
  const load = new LightLoad(shop.url);
  const converged = new Converged(client);
  const steps: Step[] = [];
  const wrong: string[] = [];
  // About a call a second for each copy: less would leave it to chance whether every one of them was called.
  await load.start(Math.max(rate, copies));
  try {
    for (const wanted of ladder(copies)) {
      load.during = `search to ${wanted}`;
      const began = performance.now();
      const report = await shop.kerf<ChangeReport>("scale", "search", String(wanted));
      const ms = performance.now() - began;
      load.during = `${wanted} copies of search`;
      const { calledMs, unit: search } = await watched(client, signal);
      const step = stepOf(search, wanted, report, ms, converged.last, calledMs);
      steps.push(step);
      log(textOf(step, load));
      const ready = search.instances.filter(({ state }) => state === "ready").length;
      if (ready !== wanted) wrong.push(`${ready} of ${wanted} copies of search are ready`);
      const now = pidsOf(await unitOf(client, "users"));
      if (now.join() !== users.join())
        wrong.push(`users ran as ${users.join()}, now ${now.join()}`);
    }
  } finally {
    await load.stop();
    await converged.stop();
  }
  const findings: Finding[] = [
    { holds: "no request failed", checked: load.requests, violations: load.failed },
    {
      holds:
        "as many copies of search run as are wanted, and the copies of users are the same processes",
      checked: 2 * steps.length,
      violations: wrong,
    },
    {
      holds: "every copy of search was called",
      checked: steps.length,
      violations: steps.filter(({ calledMs }) => calledMs === undefined),
    },
  ];
  const failed = findings.filter((finding) => !isOk(finding)).length;
  const passed = findings.length - failed;
  for (const line of ["", ...linesOfFindings(findings), ""]) log(line);
  log(`${passed} passed, ${failed} failed`);
  return { findings, passed, failed };
}

/** `search` once the load has run for its time, and when each of its copies had been seen with calls. */
async function watched(
  client: Client<typeof platform>,
  signal: AbortSignal,
): Promise<{ unit: UnitStatus; calledMs: number | undefined }> {
  const began = performance.now();
  const called = new Set<string>();
  let calledMs: number | undefined;
  for (;;) {
    await sleep(lookMs, undefined, { signal });
    const unit = await unitOf(client, "search");
    const waited = performance.now() - began;
    for (const { id, load } of unit.instances) if ((load?.callsPerSecond ?? 0) > 0) called.add(id);
    if (unit.instances.every(({ id }) => called.has(id))) calledMs ??= waited;
    if (waited >= mostMs || (waited >= watchMs && calledMs !== undefined))
      return { unit, calledMs };
  }
}

/** From a few to all of them and back. */
function ladder(copies: number): number[] {
  const up = [0.1, 0.4, 1].map((share) => Math.max(1, Math.round(copies * share)));
  return [...new Set(up), ...new Set([...up.slice(0, -1).toReversed(), 1])];
}

/** How long it took in each change until everyone knew of it. */
class Converged {
  /** Milliseconds; of the last change. */
  last = Number.NaN;
  readonly #ending = new AbortController();
  readonly #following: Promise<void>;

  constructor(client: Client<typeof platform>) {
    this.#following = this.#follow(client);
  }

  async stop(): Promise<void> {
    this.#ending.abort();
    await this.#following;
  }

  async #follow(client: Client<typeof platform>): Promise<void> {
    const { signal } = this.#ending;
    try {
      for await (const event of client.events({}, { signal })) {
        if (event.type === "rollout" && event.step === "shift" && event.state === "done")
          this.last = event.ms ?? Number.NaN;
      }
    } catch (thrown) {
      if (!signal.aborted) throw thrown;
    }
  }
}

async function unitOf(client: Client<typeof platform>, wanted: string): Promise<UnitStatus> {
  const { units } = await client.status({});
  const unit = units.find(({ name }) => name === wanted);
  if (unit === undefined) throw new Error(`there is no unit ${wanted}`);
  return unit;
}

function pidsOf({ instances }: UnitStatus): number[] {
  return instances.map(({ pid }) => pid).toSorted((a, b) => a - b);
}

function stepOf(
  { instances }: UnitStatus,
  copies: number,
  report: ChangeReport,
  ms: number,
  convergedMs: number,
  calledMs: number | undefined,
): Step {
  const bytes = instances.map(({ load }) => load?.residentBytes ?? 0);
  const calls = instances.map(({ load }) => load?.callsPerSecond ?? 0);
  return {
    copies,
    ms,
    convergedMs,
    each: mean(bytes),
    most: Math.max(...bytes),
    all: report.memoryBytes.after,
    calls: { least: Math.min(...calls), mean: mean(calls), most: Math.max(...calls) },
    calledMs,
  };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function textOf(
  { all, calledMs, calls, convergedMs, copies, each, most, ms }: Step,
  load: LightLoad,
): string {
  const megabytes = (bytes: number): string => (bytes / 1_000_000).toFixed(0);
  return [
    `${String(copies).padStart(4)} copies after ${(ms / 1_000).toFixed(1)} s`,
    convergedMs < acknowledgeBoundMs
      ? `everyone knew within ${Math.round(convergedMs)} ms`
      : `not everyone had said that they know it after ${Math.round(convergedMs)} ms`,
    calledMs === undefined
      ? "not every one was called"
      : `every one called within ${Math.round(calledMs / 1_000)} s`,
    `${megabytes(each)} MB each, ${megabytes(most)} at most, ${megabytes(all)} MB in all`,
    `calls/s each ${calls.least} to ${calls.most}, mean ${calls.mean.toFixed(2)}`,
    `${load.requests} requests, ${load.failed.length} failed`,
  ].join("; ");
}
