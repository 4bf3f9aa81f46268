import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Random, seededRandom } from "@kerf/kernel";
import { weighAsProcesses } from "../docker/share.ts";
import { shuffled } from "../workload/draw.ts";
import { isOk, linesOfFindings } from "../workload/invariants/findings.ts";
import { judge } from "../workload/invariants/index.ts";
import type { Finding } from "../workload/invariants/invariant.ts";
import { startLoad } from "../workload/load/load.ts";
import { settle } from "../workload/settle.ts";
import { sqlOf } from "../workload/sql.ts";
import { Changes, type Made } from "./changes.ts";
import { type Kind, kinds } from "./choices.ts";
import { DeployJournal } from "./deploy-journal.ts";
import { ReleasedShop } from "./released-shop.ts";
import { SourceCopy } from "./source-copy.ts";

/** What a run is told. */
export interface DeploysOptions {
  readonly deploys: number;
  readonly rollbacks: number;
  /** As many joins as cuts. */
  readonly cuts: number;
  readonly seed: number;
  /** Requests a second, about. */
  readonly rate: number;
  /** How long a new release is watched beside the old one, seconds. */
  readonly watch: number;
  /** What units are. */
  readonly runtime?: string;
}

/** What a run found. */
export interface DeploysReport {
  readonly made: readonly Made[];
  readonly findings: readonly Finding[];
  readonly passed: number;
  readonly failed: number;
}

/** Requests a second that one client makes, about. */
const perShopper = 4;
/** Load before the first change, and pause between two, milliseconds. */
const calmMs = 2_000;
const pauseMs = 250;

/**
 * Runs the app from releases under load while services are deployed, rolled back, cut and joined; lets it come to rest, and judges what clients saw
 * and what is in its databases. Everything that it started has ended when it resolves; what it wrote is removed, unless something is wrong.
 */
export async function runDeploys(
  options: DeploysOptions,
  log: (line: string) => void,
  signal: AbortSignal,
): Promise<DeploysReport> {
  const source = await SourceCopy.make();
  const weighAsBefore = options.runtime === "docker" ? await weighAsProcesses() : undefined;
  try {
    log(
      `deploys: seed ${options.seed}, about ${options.rate} requests/s, units as ${options.runtime ?? "process"}; building everything`,
    );
    const shop = await ReleasedShop.start(source.app, "--runtime", options.runtime ?? "process");
    let keep = true;
    try {
      const report = await changeUnderLoad(shop, source, options, log, signal);
      keep = report.failed > 0;
      return report;
    } finally {
      await shop.stop();
      if (keep && !signal.aborted) log(`logs and data are kept in ${shop.home}`);
      else await shop.remove();
    }
  } finally {
    await weighAsBefore?.();
    await source.remove();
  }
}

async function changeUnderLoad(
  shop: ReleasedShop,
  source: SourceCopy,
  options: DeploysOptions,
  log: (line: string) => void,
  signal: AbortSignal,
): Promise<DeploysReport> {
  const sql = sqlOf(shop.home);
  const random = seededRandom(options.seed);
  const stock = await sql<{ sku: string; on_hand: number }>(
    "inventory",
    "select sku, on_hand from stock",
  );
  const journal = new DeployJournal();
  const releases = await shop.releases();
  const { watch } = options;
  const changes = new Changes({ shop, source, random, journal, watch, releases });
  const shoppers = Math.max(1, Math.round(options.rate / perShopper));
  const load = await startLoad(shop.url, { seed: options.seed, shoppers, journal });
  const began = performance.now();
  const watching = new AbortController();
  const watched = shop.follow((step) => changes.at(step), watching.signal);
  try {
    await sleep(calmMs, undefined, { signal });
    let told = 0;
    for (const deck = deckOf(options, random); deck.length > 0;) {
      const made = await changes.next(deck);
      log(
        `${clock(began)}  ${textOf(made)}; ${journal.requests} requests, ${journal.seen.length} failed`,
      );
      for (const { at, during, kind } of journal.seen.slice(told))
        log(`         FAILED ${at} ${kind}, during ${during}`);
      told = journal.seen.length;
      await sleep(pauseMs, undefined, { signal });
    }
    await sleep(calmMs, undefined, { signal });
  } finally {
    await load.stop();
    watching.abort();
    await watched;
  }
  const seconds = (performance.now() - began) / 1_000;
  log(`${clock(began)}  ${(journal.requests / seconds).toFixed(0)} requests/s; waiting for rest`);
  const left = await settle({ shop, sql }, signal);
  signal.throwIfAborted();
  const { made } = changes;
  const findings: Finding[] = [
    {
      holds: "every change was made",
      checked: made.length,
      violations: made.filter(({ failed }) => failed !== undefined),
    },
    {
      holds: "after every change runs what it said, where it said",
      checked: made.length,
      violations: made.filter(({ wrong }) => wrong !== undefined),
    },
    { holds: "no request failed", checked: journal.requests, violations: journal.seen },
    {
      holds: "everything came to rest",
      checked: 1,
      violations: left === undefined ? [] : [left],
    },
    ...(await judge({
      journal,
      sql,
      stockBefore: new Map(stock.map(({ sku, on_hand }) => [sku, on_hand])),
    })),
  ];
  const failed = findings.filter((finding) => !isOk(finding)).length;
  const report = { made, findings, passed: findings.length - failed, failed };
  for (const line of linesOf(report, journal)) log(line);
  if (failed > 0) {
    const { bumps, orders, seen } = journal;
    const all = { seed: options.seed, made, findings, seen, orders, bumps };
    await writeFile(join(shop.home, "deploys.json"), JSON.stringify(all));
  }
  return report;
}

/** What is made, in the order in which it is drawn. */
function deckOf({ cuts, deploys, rollbacks }: DeploysOptions, random: Random): Kind[] {
  const counts = { deploy: deploys, rollback: rollbacks, cut: cuts, join: cuts };
  return shuffled(
    random,
    kinds.flatMap((kind) => Array.from({ length: counts[kind] }, () => kind)),
  );
}

function textOf({ failed, ms, what, wrong }: Made): string {
  const end = failed ?? wrong;
  return `${what}  ${end === undefined ? `${ms} ms` : `FAILED: ${end}`}`;
}

function clock(began: number): string {
  const seconds = (performance.now() - began) / 1_000;
  const minutes = Math.floor(seconds / 60);
  return `${minutes}:${(seconds - minutes * 60).toFixed(1).padStart(4, "0")}`;
}

function* linesOf({ failed, findings, made, passed }: DeploysReport, journal: DeployJournal) {
  yield "";
  for (const kind of kinds) {
    const took = made.filter((each) => each.kind === kind).map(({ ms }) => ms);
    if (took.length === 0) continue;
    const sorted = took.toSorted((a, b) => a - b);
    const [median, worst] = [sorted[Math.floor(sorted.length / 2)], sorted.at(-1)];
    yield `  ${kind.padEnd(10)} ${String(took.length).padStart(4)}   median ${median} ms, worst ${worst} ms`;
  }
  yield `  ${journal.requests} requests, ${journal.streams} streams; ${journal.seen.length} failed`;
  const groups = Map.groupBy(journal.seen, ({ during, kind }) => `${kind}, during ${during}`);
  for (const [what, all] of groups) yield `  FAILED  ${what}: ${all.length}`;
  yield "";
  yield* linesOfFindings(findings);
  yield "";
  yield `${passed} passed, ${failed} failed`;
}
