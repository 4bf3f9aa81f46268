import { fileURLToPath } from "node:url";
import type { Benchmark } from "../harness/benchmark.ts";
import { runScript } from "../harness/child.ts";
import { type Interval, meanOfRatios } from "../harness/interval.ts";
import { median } from "../harness/pairs.ts";
import { startServer } from "../wire/server-process.ts";

const file = (name: string): string => fileURLToPath(new URL(`./${name}.ts`, import.meta.url));
/** Of one call: at its caller, and where it is served. */
const spansPerCall = 2;
/** Rounds that a client does not report; in each of them one way traces all of its calls, and one some. */
const warmUp = 2;

/** Microseconds of CPU for a call, one round. */
type Costs = Readonly<Record<"bare" | "none" | "all" | "some", number>>;

const benchmark: Benchmark = {
  name: "tracing",
  about:
    "CPU of both programs for a call of the benchmark wire, 64 in flight: every call traced, and 1 %, beside none; all three are counted as metrics, what that costs is told apart",
  peers: false,
  async run({ quick, log }) {
    const pairs = quick ? 3 : 8;
    const rounds = quick ? 4 : 9;
    const calls = quick ? 15_000 : 30_000;
    const sink = await startServer(file("sink"));
    const measured: Costs[][] = [];
    try {
      for (let pair = 0; pair < pairs; pair++)
        measured.push(await measure(sink.address, rounds, calls));
      const none = median(measured.flat().map((costs) => costs.none));
      log(`not traced  ${none.toFixed(2)} µs of CPU a call, both programs`);
      const costOf = (way: keyof Costs, beside: keyof Costs, name: string): Interval => {
        // Rounds of the same two processes are not independent of each other: each pair of processes counts once.
        const ratios = measured.map((some) =>
          median(some.map((costs) => costs[way] / costs[beside])),
        );
        const { mean, low, high } = meanOfRatios(ratios);
        const percent = (ratio: number): string => ((ratio - 1) * 100).toFixed(1);
        log(
          `${name}  cost ${percent(mean)} %, 95 % interval ${percent(low)} to ${percent(high)} %`,
        );
        return { mean, low, high };
      };
      const [all, some] = [
        costOf("all", "none", "all traced"),
        costOf("some", "none", "1 % traced"),
      ];
      const metrics = costOf("none", "bare", "metrics   ");
      const arrived = Number(await (await fetch(sink.address)).text());
      const share = arrived / (pairs * (rounds + warmUp) * calls * 1.01 * spansPerCall);
      log(
        `Of the spans ${(share * 100).toFixed(1)} % arrived, ${spansPerCall} a call; the backend's own CPU is not counted.`,
      );
      return {
        cost_all: all.mean - 1,
        cost_all_high: all.high - 1,
        cost_1pct: some.mean - 1,
        cost_1pct_high: some.high - 1,
        cost_metrics: metrics.mean - 1,
        delivered: share,
      };
    } finally {
      await sink.stop();
    }
  },
};

/** Two processes anew: how one of them happens to be compiled must not decide for all. */
async function measure(endpoint: string, rounds: number, calls: number): Promise<Costs[]> {
  const server = await startServer(file("server"), [endpoint]);
  try {
    const args = [server.address, String(server.pid), endpoint, String(rounds), String(calls)];
    return await runScript<Costs[]>(file("client"), args);
  } finally {
    await server.stop();
  }
}

export default benchmark;
