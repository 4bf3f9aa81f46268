import type { LoadStatus } from "@kerf/control-api";
import type { Paint } from "./paint.ts";
import { table } from "./table.ts";

/** From this share of failures on it is shown as bad. */
const manyFailures = 0.01;

/** What every program measured of itself, a line each; undefined when none has yet. */
export function loadTable(
  programs: readonly { readonly id: string; readonly load?: LoadStatus | undefined }[],
  paint: Paint,
): string | undefined {
  const rows = programs.flatMap(({ id, load }) =>
    load === undefined ? [] : [[id, ...cells(load, paint)]],
  );
  if (rows.length === 0) return undefined;
  return table(
    [
      { title: "load" },
      { title: "calls/s", align: "right" },
      { title: "failed", align: "right" },
      { title: "p95", align: "right" },
      { title: "in flight", align: "right" },
      { title: "CPU", align: "right" },
      { title: "memory", align: "right" },
    ],
    rows,
  );
}

function cells(load: LoadStatus, paint: Paint): string[] {
  const { callsPerSecond, failureShare, p95Ms, inFlight, streams, cpuShare, residentBytes } = load;
  const failed = `${(failureShare * 100).toFixed(1)} %`;
  return [
    callsPerSecond.toFixed(1),
    callsPerSecond === 0 ? "" : failureShare >= manyFailures ? paint("bad", failed) : failed,
    p95Ms === undefined ? "" : `${p95Ms < 10 ? p95Ms.toFixed(1) : Math.round(p95Ms)} ms`,
    streams === 0 ? String(inFlight) : `${inFlight} + ${streams} streams`,
    `${Math.round(cpuShare * 100)} %`,
    `${Math.round(residentBytes / 1_048_576)} MB`,
  ];
}
