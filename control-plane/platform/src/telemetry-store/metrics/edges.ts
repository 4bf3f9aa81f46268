import type { Period } from "../query/spans.ts";
import type { Segments } from "../segments/segments.ts";
import { Histogram } from "./histogram.ts";
import { readIncreases, type Series } from "./increases.ts";
import { labelOf } from "./metric-search.ts";

/** Edges of one answer. */
const maxEdges = 2_000;
const everything = { text: "true", values: [] };

/** How much went from one to the other. */
export interface Edge {
  /** A service, `gateway:NAME`, or `client` for whoever asks a gateway. */
  readonly from: string;
  /** A service, `gateway:NAME`, or of `data` the name of a database, or else the address of its server. */
  readonly to: string;
  readonly kind: "call" | "event" | "data" | "http";
  readonly count: number;
  /** Of them those that failed; what an operation declares as an answer is none. */
  readonly errors: number;
  readonly ratePerSecond: number;
  /** 0 to 1. */
  readonly errorShare: number;
  readonly p95Ms?: number;
}

/** What a metric says about edges. */
interface Source {
  readonly metric: string;
  readonly kind: Edge["kind"];
  from(series: Series): string;
  to(series: Series): string;
  failed(series: Series): boolean;
}

const hasFailed = (series: Series): boolean =>
  labelOf(series, "error.type") !== "" && labelOf(series, "kerf.declared") !== "1";

const sources: readonly Source[] = [
  {
    metric: "http.server.request.duration",
    kind: "http",
    from: () => "client",
    to: ({ service }) => service,
    // The specification's rule for servers: what is below 500 is the client's mistake.
    failed: (series) =>
      Number(labelOf(series, "http.response.status_code")) >= 500 ||
      (labelOf(series, "http.response.status_code") === "" && hasFailed(series)),
  },
  {
    metric: "kerf.server.duration",
    kind: "call",
    from: (series) => labelOf(series, "kerf.caller"),
    to: (series) => labelOf(series, "rpc.service") || series.service,
    failed: hasFailed,
  },
  {
    metric: "kerf.event.handled.duration",
    kind: "event",
    from: (series) => labelOf(series, "kerf.event.producer"),
    to: (series) => labelOf(series, "kerf.event.consumer") || series.service,
    failed: hasFailed,
  },
  {
    metric: "db.client.operation.duration",
    kind: "data",
    from: ({ service }) => service,
    to: (series) => labelOf(series, "db.namespace") || labelOf(series, "server.address"),
    failed: hasFailed,
  },
];

/** A call that nobody served is seen by its caller alone. */
const seenByCallers: Source = {
  metric: "kerf.client.duration",
  kind: "call",
  from: ({ service }) => service,
  to: (series) => labelOf(series, "rpc.service"),
  failed: hasFailed,
};

interface Summed {
  readonly from: string;
  readonly to: string;
  readonly kind: Edge["kind"];
  readonly all: Histogram;
  errors: number;
}

/** Who called, told or asked whom, how often and how well: everything that metrics know about the paths between services. */
export function edgesBetween(segments: Segments, period: Period): Edge[] {
  const served = new Map<string, Summed>();
  for (const source of sources) add(segments, period, source, served);
  const called = new Map<string, Summed>();
  add(segments, period, seenByCallers, called);
  // Where both know something, the one with more failures knows more: a call that was lost on its way was never served.
  for (const [key, edge] of called) {
    if (edge.errors >= (served.get(key)?.errors ?? 0)) served.set(key, edge);
  }
  const seconds = Math.max(1, (period.to - period.from) / 1_000);
  return [...served.values()]
    .filter(({ all, from, to }) => all.count > 0 && from !== "" && to !== "")
    .slice(0, maxEdges)
    .map(({ all, errors, from, kind, to }) => {
      const [p95] = all.quantiles([0.95]);
      return {
        from,
        to,
        kind,
        count: all.count,
        errors,
        ratePerSecond: all.count / seconds,
        errorShare: errors / all.count,
        ...(p95 === undefined ? undefined : { p95Ms: p95 * 1_000 }),
      };
    });
}

function add(
  segments: Segments,
  { from, to }: Period,
  source: Source,
  edges: Map<string, Summed>,
): void {
  readIncreases(segments, { name: source.metric, condition: everything, from, to }, (series) => {
    const ends = { from: source.from(series), to: source.to(series), kind: source.kind };
    const key = JSON.stringify(ends);
    const edge = edges.get(key) ?? { ...ends, all: new Histogram(), errors: 0 };
    edges.set(key, edge);
    const failed = source.failed(series);
    return ({ buckets, count, value }) => {
      edge.all.add(buckets, count, value);
      if (failed) edge.errors += count;
    };
  });
}
