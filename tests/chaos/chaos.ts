import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { seededRandom } from "@kerf/kernel";
import type { Cluster } from "./cluster.ts";
import { ContainedCluster } from "./contained-cluster.ts";
import { startEngine } from "./engines.ts";
import { containerFaults } from "./faults/containers.ts";
import { faults } from "./faults/index.ts";
import { judge } from "../workload/invariants/index.ts";
import type { Finding } from "../workload/invariants/invariant.ts";
import { Journal } from "../workload/load/journal.ts";
import { startLoad } from "../workload/load/load.ts";
import type { ChaosOptions } from "./options.ts";
import { drawPlan } from "./plan.ts";
import { ProcessCluster } from "./process-cluster.ts";
import { linesOf, type Report, reportOf } from "./report.ts";
import { settle } from "../workload/settle.ts";
import { clockTime, strikeAll, type Struck } from "./strike.ts";

/** Clients at once: 20 to 40 requests a second in all. */
const shoppers = 12;
/** Pause between two lines of progress, milliseconds. */
const progressMs = 10_000;

/**
 * Runs the app under load while faults hit, lets it come to rest, and judges what is in its databases. Everything that it started has
 * ended when it resolves; what it wrote is removed, unless something is violated. `signal`: end early, without a verdict.
 */
export async function runChaos(
  options: ChaosOptions,
  log: (line: string) => void,
  signal: AbortSignal,
): Promise<Report> {
  const engine = await startEngine(options.engine);
  try {
    log(
      `chaos: ${options.minutes} minutes, seed ${options.seed}, engine ${engine.name}, units as ${options.runtime}`,
    );
    const isContained = options.runtime === "docker";
    const kind = isContained ? ContainedCluster : ProcessCluster;
    const cluster: Cluster = await kind.begin(engine.args);
    let keep = true;
    try {
      const plan = drawPlan(
        seededRandom(options.seed),
        [...faults, ...(isContained ? containerFaults : []), ...engine.faults],
        options.minutes * 60_000,
      );
      const report = await runPlan(cluster, plan, options.seed, log, signal);
      keep = report.failed > 0;
      return report;
    } finally {
      await cluster.stop();
      if (keep && !signal.aborted) log(`logs and data are kept in ${cluster.shop.home}`);
      else await cluster.shop.remove();
    }
  } finally {
    await engine.stop();
  }
}

async function runPlan(
  cluster: Cluster,
  plan: ReturnType<typeof drawPlan>,
  seed: number,
  log: (line: string) => void,
  signal: AbortSignal,
): Promise<Report> {
  const stock = await cluster.sql<{ sku: string; on_hand: number }>(
    "inventory",
    "select sku, on_hand from stock",
  );
  const journal = new Journal();
  const load = await startLoad(cluster.shop.url, { seed, shoppers, journal });
  const began = performance.now();
  const progress = setInterval(() => {
    const accepted = journal.orders.filter((intent) => intent.accepted.length > 0).length;
    log(
      `${clockTime(performance.now() - began)}  ${journal.requests} requests, ${journal.failed} failed; ${accepted} orders, ${journal.bumps.length} bumps, ${journal.streams} streams; ${journal.wrong.length} wrong answers`,
    );
  }, progressMs);
  let struck: Struck[];
  try {
    struck = await strikeAll(plan, cluster, log, signal);
    await load.stop();
  } finally {
    clearInterval(progress);
  }
  signal.throwIfAborted();
  log(`${clockTime(performance.now() - began)}  the load has ended; waiting for rest`);
  const left = await settle(cluster, signal);
  signal.throwIfAborted();
  log(
    `${clockTime(performance.now() - began)}  ${left === undefined ? "at rest" : "never at rest"}`,
  );
  const evidence = {
    journal,
    sql: cluster.sql,
    stockBefore: new Map(stock.map(({ sku, on_hand }) => [sku, on_hand])),
  };
  const findings: Finding[] = [
    {
      holds: "everything planned has hit",
      checked: struck.length,
      violations: struck.filter(({ missed }) => missed !== undefined),
    },
    {
      holds: "everything came back and came to rest",
      checked: 1,
      violations: left === undefined ? [] : [left],
    },
  ];
  findings.push(...(await judge(evidence)));
  const report = reportOf(findings, struck);
  for (const line of linesOf(report, journal)) log(line);
  if (report.failed > 0)
    await writeFile(
      join(cluster.shop.home, "chaos.json"),
      JSON.stringify({ seed, struck, findings, orders: journal.orders, bumps: journal.bumps }),
    );
  return report;
}
