import type { MetricSeries } from "@kerf/control-api";
import type { Connection } from "../connection/connect.ts";

/** Calls as they were served; seconds. */
const metric = "kerf.server.duration";
const operation = "rpc.service,rpc.method";
/** A step that is longer than any time: everything that was asked for is one point. */
const oneStepMs = 1e13;

/** How an operation did over some time. */
export interface BusyOperation {
  readonly service: string;
  readonly operation: string;
  readonly ratePerSecond: number;
  /** 0 to 1; an error that the operation declares is an answer. */
  readonly failureShare: number;
  readonly p50Ms?: number;
  readonly p95Ms?: number;
  readonly p99Ms?: number;
}

/** The operations that were called within the last `windowMs`, the busiest first. Programs tell each 10 s. */
export async function busyOperations(
  client: Connection["client"],
  query: string,
  windowMs: number,
  signal?: AbortSignal,
): Promise<BusyOperation[]> {
  const to = Date.now();
  const asked = { name: metric, query, from: to - windowMs, to, stepMs: oneStepMs };
  const [all, byError] = await Promise.all([
    client.metrics({ ...asked, by: operation }, { ...(signal && { signal }) }),
    client.metrics(
      { ...asked, by: `${operation},error.type,kerf.declared` },
      { ...(signal && { signal }) },
    ),
  ]);
  const failed = new Map<string, number>();
  for (const series of byError.series) {
    const { "error.type": type = "", "kerf.declared": declared = "" } = series.labels;
    if (type === "" || declared === "1") continue;
    const key = keyOf(series);
    failed.set(key, (failed.get(key) ?? 0) + countOf(series));
  }
  return all.series
    .map((series) => busy(series, failed.get(keyOf(series)) ?? 0, windowMs))
    .sort((one, other) => other.ratePerSecond - one.ratePerSecond);
}

function busy(series: MetricSeries, failed: number, windowMs: number): BusyOperation {
  const count = countOf(series);
  const [point] = series.points;
  const inMs = (seconds: number | undefined): number | undefined =>
    seconds === undefined ? undefined : seconds * 1_000;
  const [p50Ms, p95Ms, p99Ms] = [inMs(point?.p50), inMs(point?.p95), inMs(point?.p99)];
  return {
    service: series.labels["rpc.service"] ?? "",
    operation: series.labels["rpc.method"] ?? "",
    ratePerSecond: count / (windowMs / 1_000),
    failureShare: count === 0 ? 0 : failed / count,
    ...(p50Ms === undefined ? undefined : { p50Ms }),
    ...(p95Ms === undefined ? undefined : { p95Ms }),
    ...(p99Ms === undefined ? undefined : { p99Ms }),
  };
}

function countOf({ points }: MetricSeries): number {
  return points.reduce((sum, { count = 0 }) => sum + count, 0);
}

function keyOf({ labels }: MetricSeries): string {
  return `${labels["rpc.service"]}/${labels["rpc.method"]}`;
}
