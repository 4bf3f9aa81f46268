import { setTimeout as sleep } from "node:timers/promises";
import { Caller, connectFramed, rootContext, StaticDiscovery } from "@kerf/call";
import { newTrace, type Trace } from "@kerf/kernel";
import { Sampler, type Tracing } from "@kerf/telemetry";
import { cpuMicros } from "../harness/cpu-time.ts";
import { parts } from "../harness/kerf-parts.ts";
import { prices } from "../wire/kerf-prices.ts";
import { requestOf } from "../wire/load.ts";
import { tracingOf } from "./tracing-of.ts";

// The ways take turns within the same two processes: what the machine does otherwise, and how the code happens to be compiled,
// is the same for all of them. Each call is the first of a request of its own, whose trace is chosen as a gateway chooses it.
const [addresses = "", pid = "", endpoint = "", rounds = "1", count = "1"] = process.argv.slice(2);
const [bare = "", plain = "", traced = ""] = addresses.split(",");
const calls = Number(count);
const tracing = await tracingOf("bench", endpoint);
const chosenBy = (ratio: number): (() => Trace) => {
  const sampler = new Sampler({ ratio, askedPerSecond: 0, ...parts });
  return () => sampler.begin();
};
const quoteAt = (address: string, into: Partial<Pick<Tracing, "recorder" | "metrics">>) =>
  new Caller({
    ...parts,
    discovery: new StaticDiscovery({ prices: [address] }),
    connect: (to) => connectFramed(to, { ...parts, hello: { instance: "client" } }),
    checked: false,
    recorder: into.recorder,
    metrics: into.metrics,
  }).bind(prices, { caller: "bench" });
const traces = quoteAt(traced, tracing);
const ways = [
  { name: "bare", client: quoteAt(bare, {}), begin: () => newTrace() },
  {
    name: "none",
    client: quoteAt(plain, { metrics: tracing.metrics }),
    begin: () => newTrace(),
  },
  { name: "all", client: traces, begin: chosenBy(1) },
  { name: "some", client: traces, begin: chosenBy(0.01) },
];

const costs: Record<string, number>[] = [];
// The first ones until the compiler has seen enough: counted, not timed.
for (let round = -2; round < Number(rounds); round++) {
  const cost: Record<string, number> = {};
  for (let at = 0; at < ways.length; at++) {
    // Whoever comes after another bears a little of what that one leaves behind: each is behind each as often.
    const forth = (at + Math.max(0, round)) % ways.length;
    const way = ways[round % 2 === 0 ? forth : ways.length - 1 - forth] as (typeof ways)[number];
    cost[way.name] = await measure(way);
  }
  if (round >= 0) costs.push(cost);
}
await tracing.stop();
console.log(JSON.stringify(costs));
process.exit(0);

/** Microseconds of CPU of both processes for a call, with everything until its span has left. */
async function measure({ client, begin }: (typeof ways)[number]): Promise<number> {
  const cpu = (): number => cpuMicros(process.pid) + cpuMicros(Number(pid));
  const before = cpu();
  let made = 0;
  const worker = async (): Promise<void> => {
    while (made < calls) {
      const context = rootContext({
        ...parts,
        caller: "bench",
        deadlineMs: 60_000,
        trace: begin(),
      });
      const quote = await client(context).quote(requestOf(made++));
      if (quote.currency !== "EUR") throw new Error("a wrong answer");
    }
  };
  await Promise.all(Array.from({ length: 64 }, worker));
  tracing.recorder?.flush();
  process.kill(Number(pid), "SIGUSR2");
  await sleep(30);
  return (cpu() - before) / calls;
}
