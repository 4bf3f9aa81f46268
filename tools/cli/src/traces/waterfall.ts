import type { LogRecord, Span } from "@kerf/control-api";
import { logRecordText } from "../logs/log-record-text.ts";
import { dateTime, microsText } from "../output/duration.ts";
import type { Paint } from "../output/paint.ts";
import { oneLine } from "../output/printable.ts";
import { padTo, widthOf } from "../output/width.ts";

/** Columns that names and bars take at least and names at most; deeper trees are cut. */
const leastBar = 16;
const mostName = 72;
/** Columns of a duration. */
const durationColumns = 8;
/** Links of a span that are shown. */
const mostLinks = 3;

/** A trace as it is answered. */
export interface ShownTrace {
  readonly traceId: string;
  readonly spans: readonly Span[];
  readonly logs: readonly LogRecord[];
  readonly truncated: boolean;
}

interface Row {
  readonly span: Span;
  /** What stands before its name, and before what belongs to it. */
  readonly branch: string;
  readonly rail: string;
}

/** A trace for people: its tree, a bar for when and how long, what failed, and what was logged meanwhile. */
export function waterfall(trace: ShownTrace, paint: Paint, columns: number): string {
  const { logs, spans } = trace;
  const rows = rowsOf(spans);
  const startedAt = Math.min(...spans.map((span) => span.startedAt));
  const endedAt = Math.max(...spans.map((span) => span.startedAt + span.durationMicros));
  const names = rows.map(({ branch, span }) => branch.length + widthOf(nameOf(span)));
  const nameWidth = Math.max(
    0,
    Math.min(mostName, columns - durationColumns - leastBar - 4, Math.max(...names, 0)),
  );
  const barWidth = columns - nameWidth - durationColumns - 4;
  const shown = new Set(spans.map(({ spanId }) => spanId));
  const lines = rows.flatMap(({ branch, rail, span }) => [
    [
      paint("faint", branch) + nameText(span, nameWidth - branch.length, paint),
      padTo(microsText(span.durationMicros), durationColumns, "left"),
      bar(span, { startedAt, endedAt, width: barWidth }, paint),
    ].join("  "),
    ...problemLines(span).map((text) => `${paint("faint", rail)}${paint("bad", text)}`),
    ...linkLines(span).map((text) => paint("faint", `${rail}${text}`)),
    ...logs
      .filter(({ spanId }) => spanId === span.spanId)
      .map((log) => paint("faint", `${rail}· `) + logRecordText(log, paint, "short")),
  ]);
  const others = logs.filter(({ spanId }) => spanId === undefined || !shown.has(spanId));
  return [
    head(trace, startedAt, endedAt, paint),
    ...(lines.length === 0 ? ["It was not recorded; only what was logged is known."] : lines),
    ...(others.length === 0 || lines.length === 0 ? [] : [paint("faint", "logged beside:")]),
    ...others.map((log) => logRecordText(log, paint)),
    ...(trace.truncated ? [paint("warn", "there is more than is shown")] : []),
  ].join("\n");
}

function head(trace: ShownTrace, startedAt: number, endedAt: number, paint: Paint): string {
  const { spans, traceId } = trace;
  const id = paint("strong", `trace ${traceId}`);
  if (spans.length === 0) return id;
  const failed = spans.filter((span) => span.failed).length;
  const services = new Set(spans.map(({ service }) => service)).size;
  const facts = [
    dateTime(startedAt / 1_000),
    microsText(endedAt - startedAt),
    `${spans.length} span${spans.length === 1 ? "" : "s"} of ${services} service${services === 1 ? "" : "s"}`,
  ];
  const how = failed === 0 ? paint("good", "ok") : paint("bad", `${failed} failed`);
  return `${id}  ${paint("faint", facts.join("  "))}  ${how}`;
}

/** The tree, depth first, the earliest first. What is below a span that is missing stands at the top. */
function rowsOf(spans: readonly Span[]): Row[] {
  const known = new Set(spans.map(({ spanId }) => spanId));
  const below = Map.groupBy(spans, ({ parentId, spanId }) =>
    parentId !== undefined && parentId !== spanId && known.has(parentId) ? parentId : "",
  );
  const rows: Row[] = [];
  // Not by recursion: what comes from outside may be as deep as it likes.
  const waiting = sorted(below.get("")).map((span): Row => ({ span, branch: "", rail: "  " }));
  waiting.reverse();
  for (let row = waiting.pop(); row !== undefined; row = waiting.pop()) {
    rows.push(row);
    const { rail, span } = row;
    const children = sorted(below.get(span.spanId));
    for (const [index, child] of [...children.entries()].reverse()) {
      const isLast = index === children.length - 1;
      const before = rail.slice(0, -2);
      waiting.push({
        span: child,
        branch: `${before}${isLast ? "└ " : "├ "}`,
        rail: `${before}${isLast ? "  " : "│ "}  `,
      });
    }
  }
  return rows;
}

function sorted(spans: readonly Span[] = []): Span[] {
  return [...spans].sort((one, other) => one.startedAt - other.startedAt);
}

/** A call as its caller sees it has an arrow; an attempt says which one it is. */
function nameOf(span: Span): string {
  const attempt = textIn(span.attributes, "kerf.attempt");
  const arrow = span.kind === 3 || span.kind === 4 ? "→ " : "";
  return oneLine(
    `${span.service} ${arrow}${span.name}${attempt === undefined ? "" : ` (attempt ${attempt})`}`,
  );
}

function nameText(span: Span, width: number, paint: Paint): string {
  const name = nameOf(span);
  const cut = widthOf(name) > width ? `${name.slice(0, Math.max(0, width - 1))}…` : name;
  const text = padTo(cut, Math.max(0, width));
  if (span.failed) return paint("bad", text);
  return text.startsWith(span.service)
    ? paint("name", span.service) + text.slice(span.service.length)
    : text;
}

function bar(
  { durationMicros, failed, startedAt }: Span,
  whole: { startedAt: number; endedAt: number; width: number },
  paint: Paint,
): string {
  const scale = whole.width / Math.max(1, whole.endedAt - whole.startedAt);
  const from = Math.min(whole.width - 1, Math.floor((startedAt - whole.startedAt) * scale));
  const length = Math.max(1, Math.min(whole.width - from, Math.round(durationMicros * scale)));
  return `${" ".repeat(from)}${paint(failed ? "bad" : "good", "█".repeat(length))}`;
}

/** What a span says of its failure, or of an answer that was declared. */
function problemLines({ attributes, events, failed, message }: Span): string[] {
  const type = textIn(attributes, "error.type");
  const thrown = events.flatMap((event) => {
    const { attributes: said = {} } = event as { attributes?: Record<string, unknown> };
    const text = said["exception.message"];
    return typeof text === "string" ? [text] : [];
  });
  const texts = [...(message === undefined ? [] : [message]), ...thrown];
  if (!failed && type === undefined) return [];
  return [oneLine(`${failed ? "✗" : "!"} ${[type ?? "error", ...texts].join(": ")}`)];
}

/** Which other traces a span has to do with. */
function linkLines({ links }: Span): string[] {
  const ids = links.flatMap((link) => {
    const { traceId } = link as { traceId?: unknown };
    return typeof traceId === "string" ? [traceId] : [];
  });
  const more = ids.length - mostLinks;
  return [
    ...ids.slice(0, mostLinks).map((id) => oneLine(`↔ trace ${id}`)),
    ...(more > 0 ? [`↔ and ${more} more: --json`] : []),
  ];
}

function textIn(attributes: Span["attributes"], name: string): string | undefined {
  const value = attributes[name];
  if (value === undefined || value === null) return undefined;
  return typeof value === "string" ? value : JSON.stringify(value);
}
