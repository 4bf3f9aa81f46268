import type { ChangeReport, MeasuredCalls, OperationLatency } from "@kerf/control-api";
import { table } from "../output/table.ts";

/** Operations that are shown; `--json` has them all. */
const shown = 8;

/** What calls took before a move and afterwards, a line for each operation. */
export function latencyTable(latency: NonNullable<ChangeReport["latency"]>): string[] {
  const { operations, seconds } = latency;
  const over = `in the ${seconds.before} s before, and for ${seconds.after} s afterwards`;
  if (operations.length === 0) return [`  latency    nobody called, ${over}`];
  const text = table(
    [
      { title: "" },
      { title: "" },
      { title: "p50 ms", align: "right" },
      { title: "p95 ms", align: "right" },
      { title: "calls", align: "right" },
      { title: "failed", align: "right" },
    ],
    operations.slice(0, shown).map(cells),
  );
  const more = operations.length - shown;
  return [
    `  latency    ${over}`,
    ...text.split("\n").map((line) => `    ${line}`),
    ...(more > 0 ? [`    and ${more} more: --json`] : []),
  ];
}

function cells({ after, before, measuredBy, operation }: OperationLatency): string[] {
  const gateway = /^gateway:(.*)$/.exec(measuredBy)?.[1];
  return [
    operation,
    gateway === undefined ? "" : `at the gateway ${gateway}`,
    fromTo(before.p50Ms, after.p50Ms),
    fromTo(before.p95Ms, after.p95Ms),
    `${before.calls} → ${after.calls}`,
    failed(before, after),
  ];
}

/** Where there were too few calls to say, that is said. */
function fromTo(before: number | undefined, after: number | undefined): string {
  if (before === undefined && after === undefined) return "too few calls";
  return `${milliseconds(before)} → ${milliseconds(after)}`;
}

function milliseconds(ms: number | undefined): string {
  if (ms === undefined) return "too few";
  return ms < 10 ? ms.toFixed(1) : String(Math.round(ms));
}

function failed(before: MeasuredCalls, after: MeasuredCalls): string {
  return `${before.failed} → ${after.failed}`;
}
