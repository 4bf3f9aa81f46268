import { query } from "@kerf/contract";
import * as z from "zod";
import { failures as errors } from "./failures.ts";

/** Milliseconds since 1970-01-01 UTC. */
const time = z.coerce.number().min(0).optional();
/** `status:error service:payments duration:>500ms @order.id:7 "free text"`. */
const search = z.string().max(2_000).default("");
const attributes = z.record(z.string(), z.json());

/** Who recorded something. */
const recordedBy = {
  /** A service, `gateway:NAME`, `postgres:NAME` or `platform`; whatever a program of somebody else's calls itself. */
  service: z.string(),
  unit: z.string().optional(),
  instance: z.string().optional(),
  /** Number of the unit's release; absent where it runs from source. */
  release: z.string().optional(),
};

/** A trace in one line: what its first span says, and what all of them came to. */
export const traceSummary = z.object({
  /** 32 hex digits, as in the header `x-trace-id` and in log lines. */
  traceId: z.string(),
  /** Microseconds since 1970-01-01 UTC. */
  startedAt: z.number(),
  durationMicros: z.number(),
  /** Of the first span; of the earliest that is known where that one is missing. */
  service: z.string(),
  name: z.string(),
  /** One of its spans failed, */
  failed: z.boolean(),
  /** with this. */
  errorType: z.string().optional(),
  /** How many there are. */
  spans: z.int(),
  services: z.array(z.string()),
});
export type TraceSummary = z.infer<typeof traceSummary>;

/** A part of a trace: one piece of work, in one place. */
export const span = z.object({
  traceId: z.string(),
  spanId: z.string(),
  /** The span above; absent for the first one. */
  parentId: z.string().optional(),
  ...recordedBy,
  name: z.string(),
  /** OpenTelemetry's number: 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  kind: z.int(),
  /** Microseconds since 1970-01-01 UTC. */
  startedAt: z.number(),
  durationMicros: z.number(),
  failed: z.boolean(),
  message: z.string().optional(),
  attributes,
  events: z.array(z.json()),
  links: z.array(z.json()),
});
export type Span = z.infer<typeof span>;

/** A line of a log. */
export const logRecord = z.object({
  /** Microseconds since 1970-01-01 UTC. */
  at: z.number(),
  /** OpenTelemetry's number: from 5 on debug, 9 info, 13 warn, 17 error, 21 fatal. */
  severity: z.int(),
  ...recordedBy,
  traceId: z.string().optional(),
  spanId: z.string().optional(),
  body: z.string(),
  attributes,
});
export type LogRecord = z.infer<typeof logRecord>;

/** What is on the map. `foreign`: it is known by its traffic alone. */
export const mapNode = z.object({
  id: z.string(),
  kind: z.enum(["client", "gateway", "service", "database", "broker", "foreign"]),
  /** Of a service: where it runs. */
  unit: z.string().optional(),
  label: z.string(),
});

/** From whoever calls, asks or tells to whom. */
export const mapEdge = z.object({
  from: z.string(),
  to: z.string(),
  kind: z.enum(["call", "event", "data", "http"]),
  /** Whether the app says so; without it there was traffic all the same. */
  declared: z.boolean(),
  /** 0 where there was none. */
  ratePerSecond: z.number(),
  /** Share of them that failed, 0 to 1. */
  errorShare: z.number(),
  p95Ms: z.number().optional(),
});

/** Services and their paths as they were used. */
export const trafficMap = z.object({
  nodes: z.array(mapNode),
  edges: z.array(mapEdge),
  /** The time that was looked at, milliseconds since 1970-01-01 UTC. */
  since: z.number(),
  until: z.number(),
});
export type TrafficMap = z.infer<typeof trafficMap>;

/** A metric over time, for one combination of the attributes that were asked for. */
export const metricSeries = z.object({
  labels: z.record(z.string(), z.string()),
  points: z.array(
    z.object({
      /** Where the step begins, milliseconds since 1970-01-01 UTC. */
      at: z.number(),
      /** How many there were in the step; of a counter by how much it grew. */
      count: z.number().optional(),
      /** Of a gauge: how much there was; and the most of a single one. */
      value: z.number().optional(),
      max: z.number().optional(),
      sum: z.number().optional(),
      /** Quantiles of a histogram, in the unit of the metric. */
      p50: z.number().optional(),
      p95: z.number().optional(),
      p99: z.number().optional(),
    }),
  ),
  exemplars: z.array(
    z.object({
      at: z.number(),
      value: z.number(),
      traceId: z.string(),
      spanId: z.string().optional(),
    }),
  ),
});
export type MetricSeries = z.infer<typeof metricSeries>;

/** How traces differ from others. */
export const traceComparison = z.object({
  /** Traces that were looked at, of either side. */
  selected: z.int(),
  baseline: z.int(),
  /** Where shares differ most first. */
  differences: z.array(
    z.object({
      /** `service`, `release`, `instance`, `unit`, `operation`, or the name of an attribute. */
      attribute: z.string(),
      value: z.string(),
      /** Traces of which a span has it. */
      selected: z.int(),
      baseline: z.int(),
      /** Of all of that side, 0 to 1. */
      selectedShare: z.number(),
      baselineShare: z.number(),
    }),
  ),
});
export type TraceComparison = z.infer<typeof traceComparison>;

/** Looking at what programs recorded. The holder of a narrowed token sees what its services recorded. */
export const telemetryOperations = {
  traces: query({
    http: "GET /api/traces",
    input: z.object({
      query: search,
      from: time,
      to: time,
      limit: z.coerce.number().int().min(1).max(1_000).default(100),
    }),
    errors,
    output: z.object({ traces: z.array(traceSummary) }),
    deadlineMs: 30_000,
    summary:
      "Traces of which a span is asked for, the newest first; of the last 24 h where nothing else is said.",
  }),
  trace: query({
    http: "GET /api/traces/{traceId}",
    input: z.object({ traceId: z.string().regex(/^[0-9a-f]{32}$/i) }),
    errors,
    output: z.object({
      traceId: z.string(),
      spans: z.array(span),
      logs: z.array(logRecord),
      /** There is more than is shown. */
      truncated: z.boolean(),
    }),
    deadlineMs: 30_000,
    summary: "Everything that belongs to a trace: its spans and lines of logs, the earliest first.",
  }),
  logRecords: query({
    http: "GET /api/log-records",
    input: z.object({
      query: search,
      from: time,
      to: time,
      limit: z.coerce.number().int().min(1).max(10_000).default(200),
    }),
    errors,
    output: z.object({
      logs: z.array(logRecord),
      /** Of how many lines, and how long that took. */
      searched: z.object({ rows: z.number(), ms: z.number() }),
    }),
    deadlineMs: 30_000,
    summary: "Lines of logs that a query asks for, the newest first.",
  }),
  compareTraces: query({
    http: "GET /api/compare/traces",
    input: z.object({
      query: search,
      from: time,
      to: time,
      /** What they are held against: the other traces that fit this; all of them where it is empty, */
      against: search,
      /** of the last 24 h where nothing else is said. */
      againstFrom: time,
      againstTo: time,
      /** Traces of either side are only those that fit this too, with whichever of their spans. */
      within: search,
      limit: z.coerce.number().int().min(1).max(200).default(20),
    }),
    errors,
    output: traceComparison,
    deadlineMs: 30_000,
    summary: "What tells the traces that a query finds from others: attributes by their shares.",
  }),
  metrics: query({
    http: "GET /api/metrics",
    input: z.object({
      name: z.string().min(1).max(200),
      query: search,
      /** Names of attributes, separated by commas: a series for each combination of their values. */
      by: z.string().max(500).default(""),
      from: time,
      to: time,
      stepMs: z.coerce.number().min(1).optional(),
    }),
    errors,
    output: z.object({
      series: z.array(metricSeries),
      unit: z.string(),
      stepMs: z.number().optional(),
      /** There is more than is shown. */
      truncated: z.boolean().optional(),
    }),
    deadlineMs: 30_000,
    summary: "A metric over time; of the last 15 min where nothing else is said.",
  }),
  map: query({
    http: "GET /api/map",
    input: z.object({ from: time, to: time }),
    errors,
    output: trafficMap,
    deadlineMs: 30_000,
    summary:
      "Clients, gateways, services and databases, and what goes between them: as declared, and as used.",
  }),
};
