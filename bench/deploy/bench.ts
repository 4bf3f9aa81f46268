import { cpus } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { p99Between } from "kerf-tests/faults/load/figures";
import { ReleasedShop } from "kerf-tests/soak/released-shop";
import { SourceCopy } from "kerf-tests/soak/source-copy";
import type { Benchmark } from "../harness/benchmark.ts";
import { median } from "../harness/pairs.ts";
import { MixedLoad } from "./mixed-load.ts";

/** Requests a second that the bar is for; a machine that this keeps too busy gets as many as it can bear. */
const fullRate = 1_000;
const leastRate = 100;
/**
 * Share of the machine that is to be idle before anything is changed. What is started beside what serves takes some 0.5 s of a processor for each copy, two at
 * once in a cut, within two seconds: half a core of two, a quarter of the machine. As much again is what keeps requests from waiting for it.
 */
const idleShare = 0.5;
/** The next rate is what should leave so much idle, but at least and at most this share of the last one: a machine that is full does not say by how much. */
const step = { least: 0.6, most: 0.9 };
/** Rates are told in whole multiples of this. */
const wholeRate = 25;
/** Load before anything is measured, and load whose idle share is measured, milliseconds. */
const warmUpMs = 10_000;
const probeMs = 4_000;
/** Time around a change whose p99 is compared with that of as long before it, milliseconds. */
const windowMs = 10_000;
/** Bound of the whole load, seconds. */
const longest = 600;

const benchmark: Benchmark = {
  name: "deploy",
  about:
    "the shop under 1,000 requests/s of queries, commands, streams and sagas while a service is rolled to new code and back, cut and joined: what clients saw",
  peers: false,
  async run({ quick, log }) {
    const rounds = quick ? 1 : 5;
    const source = await SourceCopy.make();
    let shop: ReleasedShop | undefined;
    try {
      shop = await ReleasedShop.start(source.app);
      const client = await shop.client();
      // The workload commits slowly on purpose, one command in twelve by half a second: at this rate that alone takes more connections than there are.
      await client.sql({
        service: "counters",
        role: "owner",
        statement: "alter table bumps disable trigger bumps_commit_slowly",
      });
      const load = await startBearable(shop.url, log);
      const ratios = new Map<string, number[]>();
      const rollbacks: number[] = [];
      let changes = 0;
      try {
        const change = (name: string, make: (asked: { change: string }) => Promise<unknown>) =>
          measured(load, name, ratios, log, () => make({ change: `${name}-${changes++}` }));
        for (let round = 1; round <= rounds; round += 1) {
          load.journal.during = "build";
          await source.edit("catalog", round);
          const builds = { catalog: await shop.build("catalog") };
          await change("deploy", (asked) => client.deploy({ ...asked, builds }));
          rollbacks.push(
            await change("rollback", (asked) => client.rollback({ ...asked, unit: "catalog" })),
          );
          await change("join", (asked) =>
            client.join({ ...asked, service: "search", into: "catalog" }),
          );
          await change("cut", (asked) => client.cut({ ...asked, service: "search" }));
        }
      } finally {
        await load.stop();
      }
      const failures = load.failures();
      for (const failure of failures.slice(0, 20)) log(`FAILED  ${failure}`);
      const { journal, samples } = load;
      const asked = samples.length + journal.requests;
      log(
        `${asked} requests, ${journal.streams} streams, ${journal.orders.length} sagas; ${failures.length} failed`,
      );
      for (const [name, all] of ratios)
        log(
          `${name.padEnd(9)} p99 in the median ${median(all).toFixed(2)} times as long (${Math.min(...all).toFixed(2)} to ${Math.max(...all).toFixed(2)})`,
        );
      const medians = [...ratios.values()].map(median);
      return {
        failed: failures.length,
        // Of the kind of change that costs most. Ten seconds have few requests in their hundredth: one change says little.
        p99_ratio: Math.max(...medians),
        p99_ratio_worst: Math.max(...[...ratios.values()].flat()),
        rollback_s: Math.max(...rollbacks) / 1_000,
      };
    } finally {
      await shop?.stop();
      await shop?.remove();
      await source.remove();
    }
  },
};

/** Load at about the highest rate that leaves enough of the machine idle. */
async function startBearable(url: string, log: (line: string) => void): Promise<MixedLoad> {
  for (let rate = fullRate; ;) {
    const load = await MixedLoad.start(url, rate, longest);
    await sleep(warmUpMs);
    const before = cpuTimes();
    await sleep(probeMs);
    const after = cpuTimes();
    const idle = (after.idle - before.idle) / (after.all - before.all);
    log(`${rate} requests/s   ${(idle * 100).toFixed(0)} % of the machine idle`);
    if (idle >= idleShare || rate <= leastRate) return load;
    await load.stop();
    const bearable = (1 - idleShare) / (1 - idle);
    const next = rate * Math.min(step.most, Math.max(step.least, bearable));
    rate = Math.max(leastRate, Math.floor(next / wholeRate) * wholeRate);
  }
}

/** Makes a change, and adds how the p99 around it is to that before it. Milliseconds that the change took. */
async function measured(
  load: MixedLoad,
  name: string,
  ratios: Map<string, number[]>,
  log: (line: string) => void,
  make: () => Promise<unknown>,
): Promise<number> {
  load.journal.during = "nothing";
  await sleep(windowMs);
  const from = load.now();
  load.journal.during = name;
  await make();
  const until = load.now();
  const rest = Math.max(0, windowMs - (until - from)) / 2;
  load.journal.during = `after ${name}`;
  await sleep(rest);
  const before = p99Between(load.samples, from - windowMs, from - rest) ?? Number.NaN;
  const around = p99Between(load.samples, from - rest, until + rest) ?? Number.NaN;
  const ratio = around / before;
  ratios.set(name, [...(ratios.get(name) ?? []), ratio]);
  log(
    `${name.padEnd(9)} ${(until - from).toFixed(0).padStart(6)} ms   p99 ${before.toFixed(1)} ms before, ${around.toFixed(1)} ms around   ratio ${ratio.toFixed(2)}`,
  );
  return until - from;
}

/** Milliseconds of all cores since the machine began. */
function cpuTimes(): { idle: number; all: number } {
  const times = cpus().map((core) => core.times);
  const idle = times.reduce((sum, each) => sum + each.idle, 0);
  const all = times.reduce(
    (sum, { idle: i, irq, nice, sys, user }) => sum + i + irq + nice + sys + user,
    0,
  );
  return { idle, all };
}

export default benchmark;
