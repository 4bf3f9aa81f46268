import type { ObjectChange } from "./run-exporter.ts";

/** What stands before an object by what becomes of it. */
const signs = { new: "+", changed: "~", gone: "-" } as const;
/** Fields that are named for each object, at most. */
const most = 8;

/** What a deploy changes in a cluster, an object a line; what stays is counted. */
export function changesText(changes: readonly ObjectChange[]): string {
  const lines = changes.flatMap(({ change, fields, kind, name }) => {
    if (change === "same") return [];
    const named = fields.slice(0, most).join(", ");
    const rest = fields.length > most ? ` and ${fields.length - most} more` : "";
    return `${signs[change]} ${kind} ${name}${named === "" ? "" : `: ${named}${rest}`}`;
  });
  return [...lines, `${changes.length - lines.length} objects are as they were.`].join("\n");
}
