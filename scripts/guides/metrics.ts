import { metricAttributes, metricMeanings } from "@kerf/telemetry";
import { attributeTable } from "./spans.ts";
import { tableOf } from "./table.ts";

/** The metrics that the platform records, as a table. */
export function metricTable(): string {
  return tableOf(
    ["name", "kind", "unit", "what it is", "attributes"],
    Object.entries(metricMeanings).map(([name, { attributes, kind, meaning, unit }]) => [
      `\`${name}\``,
      kind,
      unit,
      meaning,
      attributes.map((attribute) => `\`${attribute}\``).join(", "),
    ]),
  );
}

/** The attributes that they have, as a table. */
export function metricAttributeTable(): string {
  const used = new Set<string>(
    Object.values(metricMeanings).flatMap(({ attributes }) => [...attributes]),
  );
  used.add("otel.metric.overflow");
  return attributeTable(
    Object.fromEntries(Object.entries(metricAttributes).filter(([name]) => used.has(name))),
  );
}
