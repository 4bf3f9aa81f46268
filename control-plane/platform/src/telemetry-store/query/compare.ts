import type { Row } from "../segments/segment.ts";
import type { Segments } from "../segments/segments.ts";
import { always, maxTraceSpans, type Period } from "./spans.ts";
import { findTraces } from "./traces.ts";

/** Traces of either side that are looked at, the newest of them: shares are then right within some 3 percent. */
const maxTraces = 1_000;
/** Traces that `within` finds at most, the newest of them. */
const maxWithin = 20_000;
/** Longest value of an attribute that is compared, characters, and most different ones. */
const maxValue = 200;
const maxValues = 50_000;

/** What is held against what. */
export interface Comparison {
  /** Traces of which a span answers this, */
  readonly query: string;
  readonly selection: Period;
  /** and the others that answer that; all others when it is empty. */
  readonly against: string;
  readonly baseline: Period;
  /** Traces of either side are only those of which another span may answer this too; empty for all. */
  readonly within: string;
  /** Whose spans count; undefined for all. */
  readonly services: readonly string[] | undefined;
  /** Differences that are answered. */
  readonly limit: number;
}

/** An attribute with a value that is more frequent at one side than at the other. */
export interface Difference {
  /** `service`, `release`, `instance`, `unit`, `operation`, or the name of an attribute. */
  readonly attribute: string;
  readonly value: string;
  /** Traces with a span that has it. */
  readonly selected: number;
  readonly baseline: number;
  /** Of all traces of that side, 0 to 1. */
  readonly selectedShare: number;
  readonly baselineShare: number;
}

/** How traces differ from others. */
export interface Compared {
  /** Traces that were looked at. */
  readonly selected: number;
  readonly baseline: number;
  /** Where shares differ most first. */
  readonly differences: readonly Difference[];
}

/** Finds what traces have in common that others have not. Throws `invalid_input` for a query that cannot be read. */
export function compare(segments: Segments, asked: Comparison): Compared {
  const { against, baseline, limit, query, selection, services, within } = asked;
  const isWithin = memberOf(segments, within, selection, baseline);
  const selected = findTraces(segments, { ...selection, query, limit: maxTraces }).filter(isWithin);
  const own = new Set(selected);
  const others = findTraces(segments, {
    ...baseline,
    query: against,
    limit: maxTraces + own.size,
  })
    .filter((id) => !own.has(id) && isWithin(id))
    .slice(0, maxTraces);
  const counts = new Map<string, Counted>();
  const counting = { segments, counts, counted: services && new Set(services) };
  count(counting, selected, "selected");
  count(counting, others, "baseline");
  const share = (traces: number, of: readonly string[]): number =>
    of.length === 0 ? 0 : traces / of.length;
  const differences = [...counts.values()]
    // What stands in a single trace of several, such as an id, says nothing.
    .filter((one) => one.selected + one.baseline > 1 || selected.length + others.length <= 2)
    .map((one) => ({
      ...one,
      selectedShare: share(one.selected, selected),
      baselineShare: share(one.baseline, others),
    }))
    .filter(({ baselineShare, selectedShare }) => baselineShare !== selectedShare)
    .sort((one, other) => sizeOf(other) - sizeOf(one) || other.selected - one.selected)
    .slice(0, limit);
  return { selected: selected.length, baseline: others.length, differences };
}

/** Whether a trace answers another query too. */
function memberOf(
  segments: Segments,
  query: string,
  one: Period,
  other: Period,
): (traceId: string) => boolean {
  if (query === "") return () => true;
  const whole = { from: Math.min(one.from, other.from), to: Math.max(one.to, other.to) };
  const found = new Set(findTraces(segments, { ...whole, query, limit: maxWithin }));
  return (traceId) => found.has(traceId);
}

interface Counted {
  readonly attribute: string;
  readonly value: string;
  selected: number;
  baseline: number;
}

function sizeOf({ baselineShare, selectedShare }: Difference): number {
  return Math.abs(selectedShare - baselineShare);
}

function count(
  {
    counted,
    counts,
    segments,
  }: {
    readonly segments: Segments;
    readonly counts: Map<string, Counted>;
    readonly counted: ReadonlySet<string> | undefined;
  },
  traceIds: readonly string[],
  side: "selected" | "baseline",
): void {
  const rows = new Map(traceIds.map((id): [string, Row[]] => [id, []]));
  segments.ask(always, (segment) => {
    for (const [id, known] of rows) {
      known.push(
        ...segment.all(
          `select s.attributes, n.name, r.service, r.unit, r.release, r.instance
             from spans s join names n on n.id = s.name join resources r on r.id = s.resource
             where s.trace = ? limit ?`,
          Buffer.from(id, "hex"),
          maxTraceSpans - known.length,
        ),
      );
    }
  });
  for (const spans of rows.values()) {
    const seen = new Set<string>();
    const seenOf = spans.filter(({ service }) => counted?.has(String(service)) !== false);
    for (const [attribute, value] of seenOf.flatMap(valuesOf)) {
      const key = `${attribute}\n${value}`;
      if (seen.has(key)) continue;
      seen.add(key);
      const known = counts.get(key);
      if (known !== undefined) known[side]++;
      else if (counts.size < maxValues)
        counts.set(key, { attribute, value, selected: 0, baseline: 0, [side]: 1 });
    }
  }
}

function valuesOf(span: Row): [attribute: string, value: string][] {
  const { attributes, instance, name, release, service, unit } = span;
  const own =
    typeof attributes === "string" ? (JSON.parse(attributes) as Record<string, unknown>) : {};
  return Object.entries({ ...own, service, operation: name, unit, release, instance })
    .filter(([, value]) => ["string", "number", "boolean"].includes(typeof value))
    .map(([attribute, value]) => [attribute, String(value).slice(0, maxValue)]);
}
