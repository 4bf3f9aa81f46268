import { type AttributeMeaning, type SpanAttribute, spanAttributes } from "../catalogue.ts";

/** Attributes that metrics have beside those of spans. */
const ownAttributes = {
  "kerf.declared": {
    type: "number",
    unit: "1",
    meaning: "1 when `error.type` is an error that the contract declares: an answer, no failure",
  },
  "cpu.mode": { type: "string", meaning: "`user` or `system`" },
  "otel.metric.overflow": {
    type: "string",
    meaning:
      "`true` for what more series than a program may have were added up in, whatever their attributes",
  },
} as const satisfies Readonly<Record<string, AttributeMeaning>>;

/** Every attribute of a metric that the platform itself records. */
export const metricAttributes = { ...spanAttributes, ...ownAttributes } as const;

/** An attribute that the platform records in metrics. */
export type MetricAttribute = SpanAttribute | keyof typeof ownAttributes;

/** histogram: how values are spread; counter: how often or how much; gauge: how much at the moment. */
export type MetricKind = "histogram" | "counter" | "gauge";

/** A metric. */
export interface MetricMeaning {
  readonly kind: MetricKind;
  /** As UCUM writes it. */
  readonly unit: string;
  readonly meaning: string;
  readonly attributes: readonly MetricAttribute[];
}

const call = ["rpc.service", "rpc.method"] as const;
const ending = ["error.type", "kerf.declared"] as const;
const event = ["kerf.event.producer", "kerf.event.name"] as const;

/**
 * Every metric that the platform itself records. Names without `kerf.` are OpenTelemetry's semantic conventions
 * (https://opentelemetry.io/docs/specs/semconv/).
 */
export const metricMeanings = {
  "kerf.server.duration": {
    kind: "histogram",
    unit: "s",
    meaning:
      "a call where it is served, until it is answered; a stream until its end. Of calls within a process that come thicker than the clock of their deadlines ticks, one in sixteen is timed and stands for the others; all are counted",
    attributes: [...call, "kerf.caller", ...ending],
  },
  "kerf.client.duration": {
    kind: "histogram",
    unit: "s",
    meaning:
      "a call to another program as its caller sees it, with all of its attempts and the waits between them; within a program `kerf.server.duration` says all of it",
    attributes: [...call, ...ending],
  },
  "kerf.client.attempts": {
    kind: "counter",
    unit: "{attempt}",
    meaning: "attempts of calls to other programs: beyond the number of calls, they were repeated",
    attributes: call,
  },
  "http.server.request.duration": {
    kind: "histogram",
    unit: "s",
    meaning: "a request at a gateway, from its head to the end of its answer",
    attributes: [
      "http.request.method",
      "http.route",
      "http.response.status_code",
      "kerf.operation",
    ],
  },
  "kerf.event.handled.duration": {
    kind: "histogram",
    unit: "s",
    meaning: "the handler of an event in its consumer, each try by itself",
    attributes: [...event, "error.type"],
  },
  "kerf.event.lag": {
    kind: "histogram",
    unit: "s",
    meaning: "an event's way, from the commit that emitted it until its consumer begins with it",
    attributes: event,
  },
  "kerf.saga.duration": {
    kind: "histogram",
    unit: "s",
    meaning: "a saga, from its start to its end; counted where it ended",
    attributes: ["kerf.saga.name", "kerf.saga.state"],
  },
  "kerf.saga.step.duration": {
    kind: "histogram",
    unit: "s",
    meaning: "a step of a saga with all of its tries, or the undoing of one (`undo NAME`)",
    attributes: ["kerf.saga.name", "kerf.saga.step", "error.type"],
  },
  "db.client.operation.duration": {
    kind: "histogram",
    unit: "s",
    meaning:
      "a statement of a service's handlers, with their COMMIT, from its leaving until its answer; not those with which the platform looks for work",
    attributes: [
      "db.system.name",
      "db.namespace",
      "server.address",
      "db.operation.name",
      "error.type",
    ],
  },
  "process.cpu.time": {
    kind: "counter",
    unit: "s",
    meaning: "time of processors that the program has used",
    attributes: ["cpu.mode"],
  },
  "process.memory.usage": {
    kind: "gauge",
    unit: "By",
    meaning: "memory of the program that is not swapped out",
    attributes: [],
  },
  "nodejs.eventloop.utilization": {
    kind: "gauge",
    unit: "1",
    meaning: "share of the time in which the program's one thread was at work, 0 to 1",
    attributes: [],
  },
} as const satisfies Readonly<Record<string, MetricMeaning>>;

/** A key of `metricMeanings`. */
export type MetricName = keyof typeof metricMeanings;

/** The metrics of a kind. */
export type MetricOf<Kind extends MetricKind> = {
  [Name in MetricName]: (typeof metricMeanings)[Name]["kind"] extends Kind ? Name : never;
}[MetricName];

/** The attributes of one series. */
export type MetricAttributes<Name extends MetricName> = Readonly<
  Partial<Record<(typeof metricMeanings)[Name]["attributes"][number], string | number>>
>;

/**
 * Upper bounds of the buckets of durations, seconds: those that OpenTelemetry advises, so that ours lie beside those of foreign
 * programs, and finer ones below, since calls within a process and short statements take less than five milliseconds. Fixed
 * ones and not exponential: a store adds up buckets of many programs and times by adding numbers, and every backend reads them.
 */
export const durationBounds: readonly number[] = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1,
  2.5, 5, 7.5, 10,
];
