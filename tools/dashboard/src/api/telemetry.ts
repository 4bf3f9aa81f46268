import { platform } from "@kerf/control-api";
import { sessionHeaders } from "./client.ts";
import { errorOfResponse } from "./response.ts";

/** A place of the map, as traffic shows it. */
export interface MapNode {
  readonly id: string;
  readonly kind: "client" | "gateway" | "service" | "database" | "broker" | "foreign";
  readonly unit?: string;
  readonly label: string;
}

/** A way between two of them. */
export interface MapEdge {
  readonly from: string;
  readonly to: string;
  readonly kind: "call" | "event" | "data" | "http";
  /** Whether the manifest names it. */
  readonly declared: boolean;
  readonly ratePerSecond: number;
  /** 0 to 1. */
  readonly errorShare: number;
  readonly p95Ms?: number;
}

/** What went where, over some minutes. */
export interface TrafficMap {
  readonly nodes: readonly MapNode[];
  readonly edges: readonly MapEdge[];
}

/** A trace in a list. */
export interface TraceSummary {
  readonly traceId: string;
  /** Microseconds since 1970. */
  readonly startedAt: number;
  readonly durationMicros: number;
  readonly service: string;
  readonly name: string;
  readonly failed: boolean;
  readonly errorType?: string;
  readonly spans: number;
  readonly services: readonly string[];
}

/** A span of a trace. */
export interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId?: string;
  readonly service: string;
  readonly unit?: string;
  readonly release?: string;
  readonly instance?: string;
  readonly name: string;
  readonly kind: number;
  /** Microseconds since 1970. */
  readonly startedAt: number;
  readonly durationMicros: number;
  readonly failed: boolean;
  readonly message?: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly events: readonly unknown[];
}

/** A line of a log. */
export interface LogRecord {
  /** Microseconds since 1970. */
  readonly at: number;
  readonly severity: number;
  readonly service: string;
  readonly unit?: string;
  readonly instance?: string;
  readonly traceId?: string;
  readonly spanId?: string;
  readonly body: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** A trace with everything in it. */
export interface Trace {
  readonly traceId: string;
  readonly spans: readonly Span[];
  readonly logs: readonly LogRecord[];
  readonly truncated: boolean;
}

/** One line of a chart. */
export interface Series {
  readonly labels: Readonly<Record<string, string>>;
  readonly points: readonly {
    /** Unix ms. */
    readonly at: number;
    readonly count?: number;
    readonly sum?: number;
    readonly value?: number;
    readonly p50?: number;
    readonly p95?: number;
    readonly p99?: number;
  }[];
  readonly exemplars: readonly {
    readonly at: number;
    readonly value: number;
    readonly traceId: string;
  }[];
}

/** What is asked with. */
export type Question = Readonly<Record<string, string | number | undefined>>;

/** Whether the control API that these pages were built with has an operation; they come with their platform. */
export function offers(operation: string): boolean {
  return Object.hasOwn(platform.operations, operation);
}

/** Asks an operation on telemetry. */
export async function askTelemetry<T>(
  path: string,
  question: Question = {},
  signal?: AbortSignal,
): Promise<T> {
  const asked = Object.entries(question).filter(([, value]) => value !== undefined && value !== "");
  const query = new URLSearchParams(asked.map(([name, value]) => [name, String(value)])).toString();
  const response = await fetch(`/api/${path}${query === "" ? "" : `?${query}`}`, {
    headers: sessionHeaders(),
    ...(signal === undefined ? undefined : { signal }),
  });
  if (!response.ok) throw await errorOfResponse(response);
  return (await response.json()) as T;
}
