import type { Span } from "@kerf/control-api";

/** A piece of work of two traces, side by side; at least one of them has it. */
export interface Pair {
  readonly depth: number;
  readonly service: string;
  readonly name: string;
  readonly one?: Span | undefined;
  readonly other?: Span | undefined;
}

/**
 * Lays two traces side by side: below work that both have, the first `orders place` stands beside the first `orders place`, the second beside the second.
 * What only one of them did stands where that one did it.
 */
export function align(one: readonly Span[], other: readonly Span[]): Pair[] {
  const [ones, others] = [treeOf(one), treeOf(other)];
  const pairs: Pair[] = [];
  // With a stack of its own: a chain of thousands of spans is no deep recursion.
  const open = pairsOf(ones.roots, others.roots, 0).toReversed();
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    pairs.push(next);
    const below = pairsOf(
      ones.below(next.one?.spanId),
      others.below(next.other?.spanId),
      next.depth + 1,
    );
    open.push(...below.toReversed());
  }
  return pairs;
}

interface Tree {
  readonly roots: readonly Span[];
  below(spanId: string | undefined): readonly Span[];
}

/** Spans below their parents, in the order in which they began. A span whose parent is missing is a root. */
function treeOf(spans: readonly Span[]): Tree {
  const known = new Set(spans.map(({ spanId }) => spanId));
  const sorted = spans.toSorted((a, b) => a.startedAt - b.startedAt);
  const isRoot = ({ parentId, spanId }: Span): boolean =>
    parentId === undefined || parentId === spanId || !known.has(parentId);
  const children = Map.groupBy(
    sorted.filter((span) => !isRoot(span)),
    ({ parentId }) => parentId ?? "",
  );
  return {
    roots: sorted.filter(isRoot),
    below: (spanId) => (spanId === undefined ? [] : (children.get(spanId) ?? [])),
  };
}

function pairsOf(ones: readonly Span[], others: readonly Span[], depth: number): Pair[] {
  const waiting = Map.groupBy(others, keyOf);
  const pairs = ones.map((one): Pair => ({
    depth,
    service: one.service,
    name: one.name,
    one,
    other: waiting.get(keyOf(one))?.shift(),
  }));
  const taken = new Set(pairs.map(({ other }) => other));
  // What only the other one did stands behind what that did before.
  let at = 0;
  for (const other of others) {
    const place = pairs.findIndex((pair) => pair.other === other);
    if (taken.has(other)) at = Math.max(at, place + 1);
    else pairs.splice(at++, 0, { depth, service: other.service, name: other.name, other });
  }
  return pairs;
}

function keyOf({ name, service }: Span): string {
  return `${service}\n${name}`;
}
