import type { LogRecord, Span } from "@kerf/control-api";

/** A row of the waterfall: a span, or what was said or happened while it ran. */
export type Row =
  | { readonly kind: "span"; readonly span: Span; readonly depth: number }
  | { readonly kind: "log"; readonly log: LogRecord; readonly depth: number }
  | {
      readonly kind: "event";
      readonly name: string;
      /** Microseconds since 1970. */
      readonly at: number;
      readonly span: Span;
      readonly depth: number;
    };

/** A trace as rows, each span below the one that it is part of, in the order in which they began. */
export interface Waterfall {
  readonly rows: readonly Row[];
  /** Microseconds since 1970. */
  readonly from: number;
  readonly durationMicros: number;
}

/** Puts spans, events and logs on one time line. Spans whose parent is not here stand at the left, and so does what was said outside of any. */
export function waterfall(spans: readonly Span[], logs: readonly LogRecord[]): Waterfall {
  const known = new Set(spans.map(({ spanId }) => spanId));
  const isRoot = ({ parentId, spanId }: Span): boolean =>
    parentId === undefined || parentId === spanId || !known.has(parentId);
  const children = Map.groupBy(
    spans.filter((span) => !isRoot(span)),
    ({ parentId }) => parentId ?? "",
  );
  const said = Map.groupBy(logs, ({ spanId }) =>
    spanId !== undefined && known.has(spanId) ? spanId : "",
  );
  const rows: Row[] = [];
  const seen = new Set<string>();
  // With a stack of its own: a chain of thousands of spans is no deep recursion.
  const open: { at: number; depth: number; span?: Span; row?: Row }[] = [];
  const push = (items: readonly { at: number; depth: number; span?: Span; row?: Row }[]): void => {
    open.push(...items.toSorted((a, b) => b.at - a.at));
  };
  push([
    ...spans.filter(isRoot).map((span) => ({ at: span.startedAt, depth: 0, span })),
    ...logRows(said.get("") ?? [], 0),
  ]);
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { depth, row, span } = next;
    if (row !== undefined) rows.push(row);
    if (span === undefined || seen.has(span.spanId)) continue;
    seen.add(span.spanId);
    rows.push({ kind: "span", span, depth });
    push([
      ...(children.get(span.spanId) ?? []).map((child) => ({
        at: child.startedAt,
        depth: depth + 1,
        span: child,
      })),
      ...logRows(said.get(span.spanId) ?? [], depth + 1),
      ...eventRows(span, depth + 1),
    ]);
  }
  // Two spans that are each other's parent have no root, and are shown all the same.
  for (const span of spans) if (!seen.has(span.spanId)) rows.push({ kind: "span", span, depth: 0 });
  let from = Number.POSITIVE_INFINITY;
  let to = 0;
  for (const { durationMicros, startedAt } of spans) {
    from = Math.min(from, startedAt);
    to = Math.max(to, startedAt + durationMicros);
  }
  return { rows, from, durationMicros: Math.max(1, to - from) };
}

function logRows(logs: readonly LogRecord[], depth: number) {
  return logs.map((log) => ({ at: log.at, depth, row: { kind: "log", log, depth } as const }));
}

function eventRows(span: Span, depth: number) {
  return span.events.map((event) => {
    const { at = span.startedAt, name = "event" } = (event ?? {}) as { at?: number; name?: string };
    return { at, depth, row: { kind: "event", name, at, span, depth } as const };
  });
}
