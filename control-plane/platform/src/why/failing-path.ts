import type { FoundSpan } from "../telemetry-store/query/answers.ts";
import { endOf, errorOf, type SpanNode, textOf } from "./span-tree.ts";

/** Clocks of two programs of one machine agree to this, microseconds. */
const slackMicros = 2_000;
/** Ends of what was given up, not of what failed. */
const givenUp: ReadonlySet<string> = new Set(["cancelled"]);
const late: ReadonlySet<string> = new Set(["deadline_exceeded", "cancelled"]);

/** How a failure went through a trace. */
export interface FailingPath {
  /** From where it shows down to where it began. */
  readonly spans: readonly FoundSpan[];
  /** What was done under the last of them, in the order in which it began. */
  readonly below: readonly SpanNode[];
  /** The last one is no failure: it took so long that those above gave up. */
  readonly isLate: boolean;
  /** Whoever asked got an answer all the same: a fallback stood in, or a later try succeeded. */
  readonly isAnswered: boolean;
}

/** Follows a failure to where it began; undefined for a trace without any. */
export function failingPath(trees: readonly SpanNode[]): FailingPath | undefined {
  const [first, ...others] = trees;
  if (first === undefined) return undefined;
  // What has lost its parent belongs to work that goes on, such as a saga; its last try says how that stands.
  const top =
    (isBad(first) ? first : undefined) ??
    sagaBelow(first) ??
    others.findLast((tree) => isBad(tree)) ??
    others.map(sagaBelow).findLast((saga) => saga !== undefined);
  if (top !== undefined) return { ...descend(top), isAnswered: false };
  const borne = trees.map(firstBad).find((node) => node !== undefined);
  return borne === undefined ? undefined : { ...descend(borne), isAnswered: true };
}

function isBad({ span }: SpanNode): boolean {
  return errorOf(span) !== undefined;
}

/** A saga that a request has started and that ended badly; the request was answered long before. */
function sagaBelow(node: SpanNode): SpanNode | undefined {
  const isSaga = ({ span }: SpanNode): boolean => textOf(span, "kerf.saga.name") !== undefined;
  return find(node, (below) => isSaga(below) && isBad(below));
}

/** The topmost bad span; in a call that succeeded at last, none. */
function firstBad(node: SpanNode): SpanNode | undefined {
  const succeeded = ({ children }: SpanNode): boolean =>
    children.some(({ span }) => isAttempt(span));
  return find(node, isBad, succeeded);
}

/** The first node that is looked for, from above. What is `closed` is not looked into. Traces may be deeper than a stack. */
function find(
  node: SpanNode,
  isFound: (node: SpanNode) => boolean,
  isClosed: (node: SpanNode) => boolean = () => false,
): SpanNode | undefined {
  const left = [node];
  for (let at = left.pop(); at !== undefined; at = left.pop()) {
    if (isFound(at)) return at;
    if (!isClosed(at)) left.push(...at.children.toReversed());
  }
  return undefined;
}

function descend(top: SpanNode): Omit<FailingPath, "isAnswered"> {
  const spans: FoundSpan[] = [];
  let node = top;
  for (let next: SpanNode | undefined = top; next !== undefined;) {
    node = next;
    spans.push(node.span);
    next = failingChild(node) ?? slowChild(node);
  }
  return { spans, below: node.children, isLate: errorOf(node.span) === undefined };
}

/** The child whose failure became its parent's: the last that was over when the parent was. What ended later was no reason any more. */
function failingChild({ children, span }: SpanNode): SpanNode | undefined {
  if (errorOf(span) === undefined) return undefined;
  const bad = children.filter(isBad);
  const inTime = bad.filter((child) => endOf(child.span) <= endOf(span) + slackMicros);
  const reasons = inTime.filter((child) => !givenUp.has(errorOf(child.span) ?? ""));
  return lastEnded(reasons) ?? lastEnded(inTime) ?? lastEnded(bad);
}

/** Of a span that took too long, the child that took most of the time. */
function slowChild({ children, span }: SpanNode): SpanNode | undefined {
  const code = errorOf(span);
  if (code !== undefined && !late.has(code)) return undefined;
  const until = endOf(span);
  const within = (child: SpanNode): number =>
    Math.min(until, endOf(child.span)) - child.span.startedAt;
  const longest = children.toSorted((one, other) => within(other) - within(one))[0];
  return longest !== undefined && within(longest) * 2 >= span.durationMicros ? longest : undefined;
}

function lastEnded(nodes: readonly SpanNode[]): SpanNode | undefined {
  return nodes.toSorted((one, other) => endOf(other.span) - endOf(one.span))[0];
}

function isAttempt({ attributes }: FoundSpan): boolean {
  return attributes["kerf.attempt"] !== undefined && attributes["rpc.service"] !== undefined;
}
