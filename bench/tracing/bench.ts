import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Benchmark } from "../harness/benchmark.ts";
import { runScript } from "../harness/child.ts";
import { type Interval, meanOfRatios } from "../harness/interval.ts";
import { median } from "../harness/pairs.ts";
import { type ServerProcess, startServer } from "../wire/server-process.ts";

const file = (name: string): string => fileURLToPath(new URL(`./${name}.ts`, import.meta.url));
/** Of one call: at its caller, and where it is served. */
const spansPerCall = 2;

const benchmark: Benchmark = {
  name: "tracing",
  about:
    "CPU of both programs for a call of the benchmark wire, 64 in flight: every call traced, and 1 %, beside none",
  peers: false,
  async run({ quick, log }) {
    const rounds = quick ? 2 : 12;
    const calls = quick ? 40_000 : 150_000;
    const sink = await startServer(file("sink"));
    const otlp = { endpoint: sink.address };
    const ways = { none: {}, all: { sampling: 1, otlp }, "1 %": { sampling: 0.01, otlp } };
    type Way = keyof typeof ways;
    const costs: Record<Way, number[]> = { none: [], all: [], "1 %": [] };
    const shares: number[] = [];
    try {
      for (let round = 0; round < rounds; round++) {
        // Every order as often as another, nearly: whoever is second is not always behind the same one.
        const order = (Object.keys(ways) as Way[]).map((_, at, names) => names[(at + round) % 3]);
        for (const way of order as Way[]) {
          const arrived = await spansAt(sink);
          costs[way].push(await measure(JSON.stringify(ways[way]), calls));
          // The client has made as many before it began to measure.
          const made = 2 * calls * spansPerCall;
          if (way === "all") shares.push(((await spansAt(sink)) - arrived) / made);
        }
      }
    } finally {
      await sink.stop();
    }
    log(`not traced   ${median(costs.none).toFixed(2)} µs of CPU a call, both programs`);
    const costOf = (way: Way): Interval => {
      const interval = meanOfRatios(
        costs[way].map((cost, at) => cost / (costs.none[at] as number)),
      );
      const percent = (ratio: number): string => ((ratio - 1) * 100).toFixed(1);
      log(
        `${way.padEnd(4)} traced  ${median(costs[way]).toFixed(2)} µs   cost ${percent(interval.mean)} %, 95 % interval ${percent(interval.low)} to ${percent(interval.high)} %`,
      );
      return interval;
    };
    const [all, some] = [costOf("all"), costOf("1 %")];
    log(
      `Of the spans of all calls ${(median(shares) * 100).toFixed(1)} % arrived, ${spansPerCall} a call; the backend's own CPU is not counted.`,
    );
    return {
      cost_all: all.mean - 1,
      cost_all_high: all.high - 1,
      cost_1pct: some.mean - 1,
      cost_1pct_high: some.high - 1,
      delivered: median(shares),
    };
  },
};

/**
 * Microseconds of CPU for a call. Both programs anew each time: how one of them happens to be compiled must not decide for
 * all rounds.
 */
async function measure(settings: string, calls: number): Promise<number> {
  const server = await startServer(file("server"), [settings]);
  try {
    const args = [server.address, String(server.pid), settings, String(calls)];
    const { microsPerCall } = await runScript<{ microsPerCall: number }>(file("client"), args);
    // The server's last spans go out within a second.
    if (settings !== "{}") await sleep(1_200);
    return microsPerCall;
  } finally {
    await server.stop();
  }
}

async function spansAt(sink: ServerProcess): Promise<number> {
  return Number(await (await fetch(sink.address)).text());
}

export default benchmark;
