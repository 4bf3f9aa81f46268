import { setTimeout as wait } from "node:timers/promises";
import { KerfError } from "@kerf/kernel";
import type { ReconcileOptions } from "../commands/reconcile.ts";
import { type Connection, withPlatform } from "../connection/connect.ts";
import { declaredServices, operate } from "../connection/operate.ts";
import { printJson } from "../output/json.ts";
import { printable } from "../output/printable.ts";

/** Pause between two looks for the report, milliseconds, and how long it is waited for. */
const lookMs = 250;
const longestMs = 600_000;
/** Differences that are printed for people. */
const printed = 20;

interface Report {
  readonly id: string;
  readonly name: string;
  readonly endedAt: string | null;
  readonly compared: number | null;
  readonly repaired: number | null;
  readonly failure: string | null;
  readonly differences:
    | readonly {
        readonly key: string;
        readonly kind: string;
        readonly ours?: unknown;
        readonly theirs?: unknown;
        readonly repaired: boolean;
      }[]
    | null;
}

/** Shows the last reports, or compares now. */
export function reconcile(
  service: string | undefined,
  name: string | undefined,
  options: ReconcileOptions,
): Promise<void> {
  return withPlatform(options, async (connection) => {
    const reports =
      service === undefined || name === undefined
        ? await lastReports(connection, service)
        : [{ service, ...(await compareNow(connection, service, name, options.repair === true)) }];
    const unmended = reports.some(
      ({ differences, failure }) =>
        failure !== null || (differences ?? []).some(({ repaired }) => !repaired),
    );
    if (unmended) process.exitCode = 1;
    if (options.json === true) return printJson(reports);
    const text = reports.map(({ service: of, ...report }) => reportText(of, report)).join("\n");
    process.stdout.write(`${text === "" ? "There are no reports." : text}\n`);
  });
}

async function lastReports(
  connection: Connection,
  wanted: string | undefined,
): Promise<(Report & { readonly service: string })[]> {
  const services = (await declaredServices(connection)).filter(
    ({ name, reconciliations }) =>
      (reconciliations ?? []).length > 0 && (wanted === undefined || name === wanted),
  );
  const found = await Promise.all(
    services.map(async ({ name }) =>
      (await operate<Report[]>(connection, name, "reconciliations.reports")).map((report) => ({
        service: name,
        ...report,
      })),
    ),
  );
  return found.flat();
}

async function compareNow(
  connection: Connection,
  service: string,
  name: string,
  repair: boolean,
): Promise<Report> {
  const last = async (): Promise<Report | undefined> =>
    (await operate<Report[]>(connection, service, "reconciliations.reports")).find(
      (each) => each.name === name,
    );
  const before = await last();
  await operate(connection, service, "reconciliations.run", { name, repair });
  for (const end = Date.now() + longestMs; Date.now() < end; await wait(lookMs)) {
    const report = await last();
    if (report !== undefined && report.endedAt !== null && report.id !== before?.id) return report;
  }
  throw new KerfError("deadline_exceeded", {
    message: `${service}.${name} has not ended within ${longestMs / 60_000} minutes.`,
    fix: "It goes on: `kerf reconcile` shows its report later.",
  });
}

function reportText(
  service: string,
  { name, compared, differences, endedAt, failure, repaired }: Report,
): string {
  const title = `${service}.${name}`;
  if (endedAt === null) return `${title}: under way`;
  const found = differences ?? [];
  const lines = found
    .slice(0, printed)
    .map(
      ({ key, kind, ours, theirs, repaired: mended }) =>
        `  ${mended ? "mended" : "DIFFERS"}  ${printable(key)}  ${kind}  ${printable(JSON.stringify({ ours, theirs }))}`,
    );
  const more =
    found.length > printed ? [`  and ${found.length - printed} more: --json has all of them`] : [];
  const why = failure === null ? [] : [`  ${printable(failure)}`];
  return [
    `${title}: ${compared} compared, ${found.length} differ, ${repaired} mended  (${endedAt.slice(0, 19)})`,
    ...lines,
    ...more,
    ...why,
  ].join("\n");
}
