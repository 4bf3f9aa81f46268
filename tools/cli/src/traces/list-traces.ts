import type { TraceSummary } from "@kerf/control-api";
import type { TracesOptions } from "../commands/trace.ts";
import { withPlatform } from "../connection/connect.ts";
import { dateTime, microsText } from "../output/duration.ts";
import { printJson } from "../output/json.ts";
import { type Paint, paintFor } from "../output/paint.ts";
import { oneLine } from "../output/printable.ts";
import { table } from "../output/table.ts";

/** Prints the traces that a query finds. */
export function listTraces(query: string, options: TracesOptions): Promise<void> {
  return withPlatform(options, async ({ client }) => {
    const { limit, since, to } = options;
    const from = options.from ?? (since === undefined ? undefined : Date.now() - since);
    const { traces } = await client.traces({
      query,
      limit,
      ...(from === undefined ? undefined : { from }),
      ...(to === undefined ? undefined : { to }),
    });
    if (options.json === true) printJson(traces);
    else if (traces.length === 0) process.stderr.write("no trace fits\n");
    else process.stdout.write(`${tracesTable(traces, paintFor(process.stdout))}\n`);
  });
}

/** A line for each. */
export function tracesTable(traces: readonly TraceSummary[], paint: Paint): string {
  const rows = traces.map((trace) => [
    paint("faint", dateTime(trace.startedAt / 1_000)),
    microsText(trace.durationMicros),
    trace.failed
      ? paint("bad", oneLine(trace.errorType ?? "error"))
      : paint("good", oneLine(trace.errorType ?? "ok")),
    `${paint("name", oneLine(trace.service))} ${oneLine(trace.name)}`,
    String(trace.spans),
    oneLine(trace.services.filter((service) => service !== trace.service).join(" ")),
    trace.traceId,
  ]);
  return table(
    [
      { title: "began" },
      { title: "took", align: "right" },
      { title: "result" },
      { title: "what" },
      { title: "spans", align: "right" },
      { title: "through" },
      { title: "trace" },
    ],
    rows,
  );
}
