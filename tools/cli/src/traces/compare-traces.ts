import type { TraceComparison } from "@kerf/control-api";
import type { TracesOptions } from "../commands/trace.ts";
import { withPlatform } from "../connection/connect.ts";
import { printJson } from "../output/json.ts";
import { type Paint, paintFor } from "../output/paint.ts";
import { oneLine } from "../output/printable.ts";
import { table } from "../output/table.ts";

/** Prints what tells the traces that a query finds from those that fit another one. */
export function compareTraces(
  query: string,
  against: string,
  options: TracesOptions,
): Promise<void> {
  return withPlatform(options, async ({ client }) => {
    const { from, limit, since, to, within } = options;
    const earliest = since === undefined ? undefined : Date.now() - since;
    const begin = from ?? earliest;
    const found = await client.compareTraces({
      query,
      against,
      limit,
      ...(begin === undefined ? undefined : { from: begin }),
      // A spike is held against the time around it.
      ...(earliest === undefined ? undefined : { againstFrom: earliest }),
      ...(to === undefined ? undefined : { to }),
      ...(within === undefined ? undefined : { within }),
    });
    if (options.json === true) printJson(found);
    else process.stdout.write(`${comparisonText(found, paintFor(process.stdout))}\n`);
  });
}

/** How many were compared, and a line for each difference. */
export function comparisonText(found: TraceComparison, paint: Paint): string {
  const { baseline, differences, selected } = found;
  const head = `${selected} ${selected === 1 ? "trace" : "traces"} against ${baseline}`;
  if (selected === 0) return `${head}: no trace fits`;
  if (differences.length === 0) return `${head}: nothing tells them apart`;
  const rows = differences.map(({ attribute, baselineShare, selectedShare, value }) => [
    paint("name", oneLine(attribute)),
    oneLine(value),
    shareText(selectedShare),
    shareText(baselineShare),
  ]);
  return [
    head,
    table(
      [
        { title: "attribute" },
        { title: "value" },
        { title: "of these", align: "right" },
        { title: "of the others", align: "right" },
      ],
      rows,
    ),
  ].join("\n");
}

function shareText(share: number): string {
  return `${Math.round(share * 100)} %`;
}
