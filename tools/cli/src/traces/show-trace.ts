import { KerfError } from "@kerf/kernel";
import type { TraceOptions } from "../commands/trace.ts";
import { type Connection, withPlatform } from "../connection/connect.ts";
import { printJson } from "../output/json.ts";
import { paintFor } from "../output/paint.ts";
import { waterfall } from "./waterfall.ts";

/** Most ids that are named when the digits given fit several. */
const maxNamed = 5;

/** Prints a trace. */
export function showTrace(id: string, options: TraceOptions): Promise<void> {
  return withPlatform(options, async ({ client }) => {
    const trace = await client.trace({ traceId: await wholeId(client, id) });
    if (options.json === true) printJson(trace);
    else {
      const columns = process.stdout.columns || 120;
      process.stdout.write(`${waterfall(trace, paintFor(process.stdout), columns)}\n`);
    }
  });
}

/** The id that begins with these digits; of a `traceparent` the id in it. */
async function wholeId(client: Connection["client"], given: string): Promise<string> {
  const [, id = given] = /^00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/i.exec(given) ?? [];
  if (!/^[0-9a-f]{4,32}$/i.test(id)) {
    throw new KerfError("invalid_input", {
      message: `${JSON.stringify(given)} is no id of a trace.`,
      fix: "Give the 32 hex digits of an answer's x-trace-id, or the first of them; kerf traces lists what there is.",
    });
  }
  if (id.length === 32) return id.toLowerCase();
  const { traces } = await client.traces({ query: `trace:${id}`, limit: maxNamed });
  const [first] = traces;
  if (first !== undefined && traces.length === 1) return first.traceId;
  throw new KerfError("not_found", {
    message:
      first === undefined
        ? `No trace of the last 24 h begins with ${id}.`
        : `Several traces begin with ${id}.`,
    fix:
      first === undefined
        ? "Give all 32 digits for an older one."
        : `Give one of: ${traces.map(({ traceId }) => traceId).join(", ")}`,
  });
}
