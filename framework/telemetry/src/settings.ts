import { defaultAskedPerSecond, defaultSampling } from "./sampler.ts";

/** How an app's traces are chosen, where they go and how long they are kept. */
export interface TelemetrySettings {
  /** Share of new traces that are recorded, 0 to 1. Default 1 in the environment `dev`, elsewhere 0.01. */
  readonly sampling?: number;
  /** How many traces a second each process of a gateway records because a client's `traceparent` asks for it. Default 10; 0 for none. */
  readonly askedPerSecond?: number;
  /** Whether the platform runs a store of its own for traces and logs. Default true. */
  readonly store?: boolean;
  /** What that store keeps: whichever bound is met first. */
  readonly retention?: {
    /** Default 7. */
    readonly days?: number;
    /** Size on disk, 16 MiB at least. Default 1 GiB. */
    readonly bytes?: number;
  };
  /**
   * Of the traces that arrive, which the store keeps: those with an error and the slow ones always, of the others a share. Without it
   * all of them.
   */
  readonly keep?: {
    /** Share of ordinary traces, 0 to 1. Default 1: all, whatever is slow. */
    readonly share?: number;
    /** From which duration on a trace is slow, milliseconds. Default: one that took longer than 99 of a hundred of its kind. */
    readonly slowMs?: number;
  };
  /** Where spans are sent beside the store; without either none are recorded. */
  readonly otlp?: {
    /** Where OTLP/HTTP is spoken, without `/v1/traces`: `http://127.0.0.1:4318`. */
    readonly endpoint: string;
  };
}

/** The same with every number set. */
export function telemetryNumbers(settings: TelemetrySettings): {
  sampling: number;
  askedPerSecond: number;
} {
  const { sampling = defaultSampling, askedPerSecond = defaultAskedPerSecond } = settings;
  return { sampling, askedPerSecond };
}

const names = ["sampling", "askedPerSecond", "store", "retention", "keep", "otlp"];

/** Everything that is wrong with an app's telemetry. */
export function telemetryProblems(given: unknown): string[] {
  if (!isRecord(given)) return [`telemetry must be { ${names.join(", ")} }`];
  const { sampling, askedPerSecond, keep, otlp, store, retention, ...others } = given;
  const problems = Object.keys(others).map(
    (name) => `telemetry.${name} is no field; there are ${names.join(", ")}`,
  );
  if (sampling !== undefined && !isBetween(sampling, 0, 1))
    problems.push("telemetry.sampling must be a share from 0 to 1");
  if (askedPerSecond !== undefined && !isBetween(askedPerSecond, 0, 100_000))
    problems.push("telemetry.askedPerSecond must be a number from 0 to 100000");
  if (store !== undefined && typeof store !== "boolean")
    problems.push("telemetry.store must be true or false");
  if (retention !== undefined) problems.push(...retentionProblems(retention));
  if (keep !== undefined) problems.push(...keepProblems(keep));
  if (otlp !== undefined) problems.push(...otlpProblems(otlp));
  return problems;
}

function retentionProblems(given: unknown): string[] {
  if (!isRecord(given)) return ["telemetry.retention must be { days, bytes }"];
  const { bytes, days, ...others } = given;
  const problems = Object.keys(others).map(
    (name) => `telemetry.retention.${name} is no field; there are days, bytes`,
  );
  if (days !== undefined && !isBetween(days, 0.01, 3_650))
    problems.push("telemetry.retention.days must be a number from 0.01 to 3650");
  if (bytes !== undefined && !isBetween(bytes, 16_777_216, 2 ** 43))
    problems.push("telemetry.retention.bytes must be a number from 16777216 (16 MiB) to 8 TiB");
  return problems;
}

function keepProblems(given: unknown): string[] {
  if (!isRecord(given)) return ["telemetry.keep must be { share, slowMs }"];
  const { share, slowMs, ...others } = given;
  const problems = Object.keys(others).map(
    (name) => `telemetry.keep.${name} is no field; there are share, slowMs`,
  );
  if (share !== undefined && !isBetween(share, 0, 1))
    problems.push("telemetry.keep.share must be a share from 0 to 1");
  if (slowMs !== undefined && !isBetween(slowMs, 1, 86_400_000))
    problems.push("telemetry.keep.slowMs must be a number from 1 to 86400000 (a day)");
  return problems;
}

function otlpProblems(given: unknown): string[] {
  if (!isRecord(given)) return ['telemetry.otlp must be { endpoint: "http://…" }'];
  const { endpoint, ...others } = given;
  const problems = Object.keys(others).map(
    (name) => `telemetry.otlp.${name} is no field; there is endpoint`,
  );
  const url = typeof endpoint === "string" ? URL.parse(endpoint) : null;
  if (url === null || !["http:", "https:"].includes(url.protocol))
    return [
      ...problems,
      `telemetry.otlp.endpoint: ${JSON.stringify(endpoint)} is no http:// or https:// address`,
    ];
  if (url.username !== "" || url.password !== "" || url.search !== "")
    problems.push(
      "telemetry.otlp.endpoint holds a user, a password or a query; an app's settings hold no secrets: a Collector in between can add them",
    );
  if (/\/v1\/traces\/?$/.test(url.pathname))
    problems.push("telemetry.otlp.endpoint ends in /v1/traces, which is added to it");
  return problems;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isBetween(value: unknown, least: number, most: number): boolean {
  return typeof value === "number" && value >= least && value <= most;
}
