import type { ObjectChange } from "./run-exporter.ts";

/** Fields that are named for each object, at most. */
const most = 8;

/** What a deploy changes in a cluster, an object a line; what stays is counted. */
export function changesText(changes: readonly ObjectChange[]): string {
  const moved = changes.filter(({ change }) => change !== "same");
  const lines = moved.map(({ change, fields, kind, name }) => {
    const named = fields.slice(0, most).join(", ");
    const rest = fields.length > most ? ` and ${fields.length - most} more` : "";
    const sign = change === "new" ? "+" : "~";
    return `${sign} ${kind} ${name}${named === "" ? "" : `: ${named}${rest}`}`;
  });
  return [...lines, `${changes.length - moved.length} objects are as they were.`].join("\n");
}
