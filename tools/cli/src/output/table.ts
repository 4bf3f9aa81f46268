import { padTo, widthOf } from "./width.ts";

/** Which column and how it is set. */
export interface Column {
  readonly title: string;
  readonly align?: "left" | "right";
}

/** Aligned columns under their titles, two spaces between, nothing after the last. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const widths = columns.map((column, index) =>
    Math.max(widthOf(column.title), ...rows.map((row) => widthOf(row[index] ?? ""))),
  );
  const line = (cells: readonly string[]): string =>
    columns
      .map((column, index) =>
        padTo(cells[index] ?? "", widths[index] ?? 0, column.align === "right" ? "left" : "right"),
      )
      .join("  ")
      .trimEnd();
  return [columns.map((column) => column.title), ...rows].map(line).join("\n");
}
