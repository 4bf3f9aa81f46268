import type { LogLine } from "@kerf/control-api";
import type { Ink, Paint } from "../output/paint.ts";
import { oneLine, printable } from "../output/printable.ts";

const inks: Readonly<Record<string, Ink>> = {
  debug: "faint",
  info: "good",
  warn: "warn",
  error: "bad",
};

/** Fields that have a place of their own, or say what the source says already. */
const placed = new Set([
  "time",
  "level",
  "message",
  "service",
  "unit",
  "instance",
  "trace_id",
  "span_id",
  "error",
]);

/** A line of a log as one JSON object: the fields that were written, and whose log it stands in. */
export function logLineDocument(line: LogLine): Record<string, unknown> {
  const fields = parsed(line.line);
  return fields === undefined
    ? { source: line.source, time: line.time, message: line.line }
    : { source: line.source, time: line.time, ...fields };
}

/** A line of a log for people: time of day, who, level, message, fields, trace. */
export function logLineText(line: LogLine, paint: Paint): string {
  const fields = parsed(line.line);
  const start = `${paint("faint", timeOfDay(line.time))} ${paint("name", whose(line))}`;
  if (fields === undefined || typeof fields["message"] !== "string")
    return `${start} ${printable(line.line)}`;
  const level = oneLine(typeof fields["level"] === "string" ? fields["level"] : "info");
  const others = Object.entries(fields).filter(([name]) => !placed.has(name));
  return [
    `${start} ${paint(inks[level] ?? "strong", level.padEnd(5))} ${printable(fields["message"])}`,
    ...others.map(([name, value]) => `${paint("faint", `${oneLine(name)}=`)}${valueText(value)}`),
    ...(typeof fields["trace_id"] === "string"
      ? [paint("faint", `trace=${oneLine(fields["trace_id"])}`)]
      : []),
    ...(typeof fields["error"] === "string"
      ? [`\n    ${printable(fields["error"]).replaceAll("\n", "\n    ")}`]
      : []),
  ].join(" ");
}

function whose(line: LogLine): string {
  return line.service === undefined || line.service === line.source
    ? line.source
    : `${line.source}/${line.service}`;
}

function timeOfDay(time: string): string {
  const at = new Date(time);
  if (Number.isNaN(at.getTime())) return time;
  const two = (part: number): string => String(part).padStart(2, "0");
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${String(at.getMilliseconds()).padStart(3, "0")}`;
}

function valueText(value: unknown): string {
  if (typeof value === "string" && /^[^\s"=\p{Cc}]+$/u.test(value)) return value;
  return printable(JSON.stringify(value));
}

function parsed(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
