import { Caller, connectFramed, rootContext, StaticDiscovery } from "@kerf/call";
import { newTrace } from "@kerf/kernel";
import { cpuMicros } from "../harness/cpu-time.ts";
import { parts } from "../harness/kerf-parts.ts";
import { prices } from "../wire/kerf-prices.ts";
import { requestOf } from "../wire/load.ts";
import { tracingOf } from "./tracing-of.ts";

// Each call is the first of a request of its own, whose trace is chosen as a gateway chooses it.
const [address = "", serverPid = "", settings = "{}", count = "1"] = process.argv.slice(2);
const tracing = await tracingOf("bench", settings);
const { recorder, sampler } = tracing;
const caller = new Caller({
  ...parts,
  discovery: new StaticDiscovery({ prices: [address] }),
  connect: (to) => connectFramed(to, { ...parts, hello: { instance: "client" } }),
  checked: false,
  recorder,
});
const client = caller.bind(prices, { caller: "bench" });
const calls = Number(count);
// Until the compiler has seen enough: counted, not timed, so that a busy machine does not measure the compiler instead.
await run(calls);
const cpu = (): number => cpuMicros(process.pid) + cpuMicros(Number(serverPid));
const before = cpu();
await run(calls);
// What is left to send belongs to what was measured; the server's last second does not, as its first was not sent yet either.
await tracing.stop();
console.log(JSON.stringify({ microsPerCall: (cpu() - before) / calls }));
process.exit(0);

async function run(limit: number): Promise<void> {
  let made = 0;
  const worker = async (): Promise<void> => {
    while (made < limit) {
      made++;
      const trace = recorder === undefined ? newTrace() : sampler.begin();
      const context = rootContext({ ...parts, caller: "bench", deadlineMs: 60_000, trace });
      const quote = await client(context).quote(requestOf(made));
      if (quote.currency !== "EUR") throw new Error("a wrong answer");
    }
  };
  await Promise.all(Array.from({ length: 64 }, worker));
}
