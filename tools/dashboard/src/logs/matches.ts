import type { LogLine } from "@kerf/control-api";

/** What a query asks of a line: all of its words, each anywhere in it, or `service:`, `level:` and `source:` of it; `-` turns one round. */
export function matcher(query: string): (line: LogLine) => boolean {
  const tests = query
    .trim()
    .split(/\s+/)
    .filter((each) => each !== "")
    .map((each) => {
      const isNot = each.startsWith("-") && each.length > 1;
      const wanted = (isNot ? each.slice(1) : each).toLowerCase();
      const [, field, value] = /^(service|level|source):(.+)$/.exec(wanted) ?? [];
      const fits = (line: LogLine): boolean =>
        field === undefined
          ? line.line.toLowerCase().includes(wanted)
          : fieldOf(line, field).toLowerCase() === value;
      return (line: LogLine): boolean => fits(line) !== isNot;
    });
  return (line) => tests.every((fits) => fits(line));
}

function fieldOf(line: LogLine, field: string): string {
  if (field === "service") return line.service ?? line.source;
  return (field === "level" ? line.level : line.source) ?? "";
}
