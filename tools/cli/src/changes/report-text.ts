import type { ChangeReport } from "@kerf/control-api";
import { duration } from "../output/duration.ts";
import { printable } from "../output/printable.ts";
import { latencyTable } from "./latency-table.ts";

/** How much of what the gate remarked is told. */
const mostNotes = 5;

/** What a change cost or saved, in words. */
export function reportText(report: ChangeReport): string {
  const { kind, latency, memoryBytes, ms, nowInProcess, nowOverNetwork, processes, title } = report;
  return [
    `${kind} ${title}: done after ${duration(ms)}`,
    `  processes  ${processes.before} → ${processes.after}`,
    `  memory     ${megabytes(memoryBytes.before)} → ${megabytes(memoryBytes.after)} MB`,
    ...(report.forced ?? []).map(
      ({ instance }) => `  ended      ${instance} by force: it had not finished in its time`,
    ),
    ...report.findings
      .filter(({ verdict }) => verdict !== "compatible")
      .map(({ message }) => `  by force   ${printable(message)}`),
    ...notes(report).map((note) => `  note       ${printable(note)}`),
    ...edges("now over the network", nowOverNetwork),
    ...edges("now in one program", nowInProcess),
    ...(latency === undefined ? [] : latencyTable(latency)),
  ].join("\n");
}

function notes({ findings, notes: own = [] }: ChangeReport): string[] {
  const said = findings.flatMap(({ message, verdict }) =>
    verdict === "compatible" ? [message.replace(/^note: /, "")] : [],
  );
  const more = said.length > mostNotes ? [`and ${said.length - mostNotes} more: --json`] : [];
  return [...said.slice(0, mostNotes), ...more, ...own];
}

function edges(what: string, calls: readonly string[]): string[] {
  return calls.length === 0 ? [] : [`  calls      ${what}: ${calls.join(", ")}`];
}

function megabytes(bytes: number): string {
  return (bytes / 1_000_000).toFixed(0);
}
