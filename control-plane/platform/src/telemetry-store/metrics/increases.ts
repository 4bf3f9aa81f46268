import type { Bucket, MetricKind, ReceivedExemplar } from "../otlp/received.ts";
import type { Sql } from "../query/to-sql.ts";
import type { Row } from "../segments/segment.ts";
import type { Segments } from "../segments/segments.ts";
import { bucketsSince } from "./buckets.ts";

/** How long before the time that is asked for the last point of a cumulative series is looked for, milliseconds: five times what SDKs wait between two. */
const lookBackMs = 300_000;
/** Points that are read for one answer; beyond, it says that it is not whole. About a second's work. */
const maxPoints = 500_000;

/** Who measured what. */
export interface Series {
  readonly kind: MetricKind;
  readonly unit: string;
  readonly service: string;
  readonly programUnit: string | undefined;
  readonly release: string | undefined;
  readonly instance: string | undefined;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly resource: Readonly<Record<string, unknown>>;
}

/** What came to a series with one point, or what there was then. */
export interface Increase {
  /** Milliseconds since 1970-01-01 UTC. */
  readonly at: number;
  /** Of a counter by how much it grew, of a histogram the sum of what came, of a gauge or a level what there was. */
  readonly value: number;
  /** Of a histogram how many came. */
  readonly count: number;
  readonly buckets: readonly Bucket[];
  readonly exemplars: readonly ReceivedExemplar[];
}

/** Takes the increases of one series, in the order of time. */
export type Taker = (increase: Increase) => void;

/** A point as it is kept. */
interface Point {
  readonly startedAt: number;
  readonly at: number;
  readonly value: number;
  readonly count: number;
  readonly buckets: readonly Bucket[];
}

/**
 * Reads a metric, whatever its senders count from: what grows from the beginning of a program becomes what came with each point, and a program
 * that began anew begins at nothing. Says whether that was all.
 */
export function readIncreases(
  segments: Segments,
  asked: {
    readonly name: string;
    readonly condition: Sql;
    readonly from: number;
    readonly to: number;
  },
  begin: (series: Series) => Taker,
): { readonly truncated: boolean } {
  const { condition, from, name, to } = asked;
  const known = new Map<string, { readonly take: Taker; last: Point | undefined }>();
  let left = maxPoints;
  segments.ask({ from: from - lookBackMs, to, oldestFirst: true }, (segment) => {
    const series = segment.all(
      `select s.id, s.unit, s.kind, s.cumulative, s.attributes, r.service, r.unit as program, r.release, r.instance,
         r.attributes as resource
       from series s join resources r on r.id = s.resource
       where s.name = (select id from names where name = ?) and (${condition.text})`,
      name,
      ...condition.values,
    );
    for (const row of series) {
      const key = ["kind", "cumulative", "unit", "resource", "attributes"]
        .map((column) => row[column])
        .join("\n");
      const one = known.get(key) ?? { take: begin(seriesOf(row)), last: undefined };
      known.set(key, one);
      const cumulative = row["cumulative"] === 1 && row["kind"] !== "level";
      const since = cumulative ? from - lookBackMs : from;
      const points = segment.all(
        `select started, at, value, count, buckets, exemplars from points
           where series = ? and at between ? and ? order by at limit ?`,
        row["id"] ?? null,
        since * 1_000,
        to * 1_000,
        left,
      );
      left -= points.length;
      for (const each of points) {
        const point = pointOf(each);
        // A sender that did not hear the answer sends the same again.
        if (one.last?.at === point.at && one.last.startedAt === point.startedAt) continue;
        const came = cumulative ? cameSince(one.last, point, since * 1_000) : point;
        one.last = point;
        if (came !== undefined && point.at >= from * 1_000)
          one.take({ ...came, at: point.at / 1_000, exemplars: exemplarsIn(each) });
      }
    }
    return left > 0;
  });
  return { truncated: left <= 0 };
}

/** What came between two points of a series that counts from its beginning. Undefined when nobody knows. */
function cameSince(
  last: Point | undefined,
  now: Point,
  known: number,
): Omit<Point, "startedAt" | "at"> | undefined {
  // A program that began within what was read counts from nothing; of an older one the first point only says where it stood.
  if (last === undefined) return now.startedAt >= known ? now : undefined;
  if (
    now.startedAt > last.startedAt ||
    now.count < last.count ||
    (now.count === 0 && now.value < last.value)
  )
    return now;
  const buckets = bucketsSince(last.buckets, now.buckets);
  if (buckets === undefined) return now;
  return { value: now.value - last.value, count: now.count - last.count, buckets };
}

function seriesOf(row: Row): Series {
  const text = (column: string): string | undefined => {
    const value = row[column];
    return typeof value === "string" ? value : undefined;
  };
  return {
    kind: row["kind"] as MetricKind,
    unit: String(row["unit"]),
    service: String(row["service"]),
    programUnit: text("program"),
    release: text("release"),
    instance: text("instance"),
    attributes: JSON.parse(String(row["attributes"])) as Series["attributes"],
    resource: JSON.parse(String(row["resource"])) as Series["resource"],
  };
}

function pointOf(row: Row): Point {
  const { at, buckets, count, started, value } = row;
  return {
    startedAt: Number(started),
    at: Number(at),
    value: Number(value),
    count: Number(count ?? 0),
    buckets: typeof buckets === "string" ? bucketsIn(buckets) : [],
  };
}

function bucketsIn(text: string): Bucket[] {
  const written = JSON.parse(text) as [number | null, number | null, number][];
  return written.map(([low, high, count]) => [
    low ?? Number.NEGATIVE_INFINITY,
    high ?? Number.POSITIVE_INFINITY,
    count,
  ]);
}

function exemplarsIn({ exemplars }: Row): ReceivedExemplar[] {
  return typeof exemplars === "string" ? (JSON.parse(exemplars) as ReceivedExemplar[]) : [];
}
