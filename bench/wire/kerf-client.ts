import { Caller, connectFramed, rootContext, StaticDiscovery } from "@kerf/call";
import { identityFrom } from "./certificates.ts";
import { parts } from "../harness/kerf-parts.ts";
import { prices } from "./kerf-prices.ts";
import { clientArguments, measureRate, requestOf } from "./load.ts";

const { inFlight, seconds, address, more } = clientArguments();
const identity = await identityFrom(more, "bench");
const security = identity && { identity, unitAt: () => "prices" };
const caller = new Caller({
  ...parts,
  discovery: new StaticDiscovery({ prices: [address] }),
  connect: (to) => connectFramed(to, { ...parts, hello: { instance: "client" }, security }),
  checked: false,
});
const client = caller.bind(prices, { caller: "bench" });
const context = rootContext({ ...parts, caller: "bench", deadlineMs: 3_600_000 });
await measureRate((round) => client(context).quote(requestOf(round)), inFlight, seconds);
process.exit(0);
