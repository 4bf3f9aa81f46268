import {
  type AttributeMeaning,
  resourceAttributes,
  spanAttributes,
  spanEvents,
  spanPlaces,
} from "@kerf/telemetry";
import { tableOf } from "./table.ts";

/** The spans that the platform records and the events in them, as a table. */
export function spanTable(): string {
  const code = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join(", ");
  return tableOf(
    ["name", "kind", "what it is", "attributes"],
    [
      ...Object.values(spanPlaces).map(({ attributes, kind, meaning, name }) => [
        `\`${name}\``,
        kind,
        meaning,
        code(attributes),
      ]),
      ...Object.entries(spanEvents).map(([name, { attributes, meaning }]) => [
        `\`${name}\``,
        "event",
        meaning,
        code(attributes),
      ]),
    ],
  );
}

/** The attributes of spans, as a table. */
export function spanAttributeTable(): string {
  return attributeTable(spanAttributes);
}

/** What all spans of one service in one program carry, as a table. */
export function resourceTable(): string {
  return attributeTable(resourceAttributes);
}

/** Attributes, as a table. */
export function attributeTable(attributes: Readonly<Record<string, AttributeMeaning>>): string {
  return tableOf(
    ["attribute", "type", "meaning"],
    Object.entries(attributes).map(([name, { meaning, type, unit }]) => [
      `\`${name}\``,
      unit === undefined || unit === "1" ? type : `${type}, ${unit}`,
      meaning,
    ]),
  );
}
