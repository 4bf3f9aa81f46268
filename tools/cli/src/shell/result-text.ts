import type { SqlResult } from "@kerf/control-api";
import type { Paint } from "../output/paint.ts";
import { oneLine } from "../output/printable.ts";
import { padTo, widthOf } from "../output/width.ts";

/** A result as an aligned table with its count; numbers stand right, nulls are marked. */
export function resultText(result: SqlResult, paint: Paint): string {
  if (result.columns.length === 0) {
    return result.rowCount === null ? result.command : `${result.command} ${result.rowCount}`;
  }
  const cells = result.rows.map((row) =>
    row.map((value) => (value === null ? "∅" : oneLine(value))),
  );
  const widths = result.columns.map((column, index) =>
    Math.max(widthOf(column), ...cells.map((row) => widthOf(row[index] ?? ""))),
  );
  const numeric = result.columns.map((_, index) =>
    result.rows.every((row) => row[index] === null || /^-?\d+(\.\d+)?$/.test(row[index] ?? "")),
  );
  const rule = widths.map((width) => "─".repeat(width + 2)).join("┼");
  const line = (row: readonly string[], right: readonly boolean[]): string =>
    row
      .map(
        (cell, index) =>
          ` ${padTo(cell, widths[index] ?? 0, right[index] === true ? "left" : "right")} `,
      )
      .join("│")
      .trimEnd();
  const count = `(${result.rows.length} ${result.rows.length === 1 ? "row" : "rows"})`;
  return [
    line(result.columns, []),
    rule,
    ...cells.map((row) => line(row, numeric)),
    paint("faint", result.truncated ? `${count.slice(0, -1)}, and there are more)` : count),
  ].join("\n");
}
