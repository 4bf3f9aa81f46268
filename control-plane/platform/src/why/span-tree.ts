import type { FoundSpan } from "../telemetry-store/query/answers.ts";

/** A span with what was done below it. */
export interface SpanNode {
  readonly span: FoundSpan;
  readonly children: readonly SpanNode[];
}

/** The spans of a trace as trees, the earliest first. One whose parent is missing, such as a saga that is not over, stands at the top. */
export function spanTrees(spans: readonly FoundSpan[]): SpanNode[] {
  const known = new Map<string, { span: FoundSpan; children: SpanNode[] }>();
  const ordered = spans.toSorted((one, other) => one.startedAt - other.startedAt);
  for (const span of ordered) known.set(span.spanId, { span, children: [] });
  const roots: SpanNode[] = [];
  const placed = new Set<string>();
  for (const node of known.values()) {
    const { parentId, spanId } = node.span;
    const parent = parentId === undefined ? undefined : known.get(parentId);
    // A sender may say anything: of spans in a circle one stands at the top.
    if (parent === undefined || !leadsUp(parent.span, known, placed, spanId)) roots.push(node);
    else parent.children.push(node);
    placed.add(spanId);
  }
  return roots;
}

/** Whether the way up from a span comes to one that has its place, or to an end, without meeting `below`. Remembers those that it passed. */
function leadsUp(
  from: FoundSpan,
  known: ReadonlyMap<string, SpanNode>,
  placed: Set<string>,
  below: string,
): boolean {
  const passed = new Set([below]);
  for (let at: FoundSpan | undefined = from; at !== undefined && !placed.has(at.spanId);) {
    if (passed.has(at.spanId)) return false;
    passed.add(at.spanId);
    at = at.parentId === undefined ? undefined : known.get(at.parentId)?.span;
  }
  for (const spanId of passed) placed.add(spanId);
  return true;
}

/** When a span ended, microseconds since 1970-01-01 UTC. */
export function endOf({ durationMicros, startedAt }: FoundSpan): number {
  return startedAt + durationMicros;
}

/** The code of the error that a span ended with; undefined when it did not. */
export function errorOf({ attributes, failed, message }: FoundSpan): string | undefined {
  const code = attributes["error.type"];
  if (typeof code === "string" && code !== "") return code;
  return failed ? (message ?? "error") : undefined;
}

/** An attribute that is text. */
export function textOf({ attributes }: FoundSpan, name: string): string | undefined {
  const value = attributes[name];
  return typeof value === "string" ? value : undefined;
}
