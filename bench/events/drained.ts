import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { hasEngine, natsFile, startNats } from "@kerf/events/testing";
import type { Figures } from "../harness/benchmark.ts";
import { runScript } from "../harness/child.ts";
import { median } from "../harness/pairs.ts";

const drain = fileURLToPath(new URL("./drain.ts", import.meta.url));
const brokers = fileURLToPath(new URL("../../scripts/engines/brokers", import.meta.url));

/** Events per second of a relay with a full log: to a broker that does nothing, and to JetStream, its bars being 100,000 and 20,000. */
export async function drained(
  connectionFile: string,
  quick: boolean,
  log: (line: string) => void,
): Promise<Figures> {
  const to = async (place: string, events: number): Promise<number> => {
    const args = [connectionFile, quick ? "2" : "5", String(quick ? events / 5 : events), place];
    return median((await runScript<{ perSecond: number[] }>(drain, args)).perSecond);
  };
  const toNothing = await to("null", 300_000);
  log(`a relay's drain to a broker that does nothing ${toNothing.toFixed(0)} events/s`);
  if (!hasEngine(natsFile)) {
    log("a NATS server is built (once) …");
    await promisify(execFile)(brokers, ["nats"], { timeout: 300_000 });
  }
  if (!hasEngine(natsFile)) {
    log("the drain to JetStream is left out: a NATS server is built with go, which is not here");
    return { drain_null_per_s: toNothing };
  }
  const nats = await startNats();
  try {
    const toJetStream = await to(nats.url, 100_000);
    log(`a relay's drain to JetStream, each event with its id ${toJetStream.toFixed(0)} events/s`);
    return { drain_null_per_s: toNothing, drain_jetstream_per_s: toJetStream };
  } finally {
    await nats.stop();
  }
}
