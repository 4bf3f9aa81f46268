import { KerfError } from "@kerf/kernel";
import type { TopOptions } from "../commands/top.ts";
import { again, comesBack, reconnectMs, reconnects } from "../connection/comes-back.ts";
import { type Connection, withPlatform } from "../connection/connect.ts";
import { untilInterrupted } from "../connection/until-interrupted.ts";
import { microsText } from "../output/duration.ts";
import { printJson } from "../output/json.ts";
import { type Paint, paintFor } from "../output/paint.ts";
import { oneLine } from "../output/printable.ts";
import { table } from "../output/table.ts";
import { type BusyOperation, busyOperations } from "./busy-operations.ts";

/** From this share of failures on it is shown as bad. */
const manyFailures = 0.01;

/** Prints the busiest operations, once or until Ctrl-C. */
export function showTop(query: string, options: TopOptions): Promise<void> {
  const paint = paintFor(process.stdout);
  const windowMs = options.window * 1_000;
  return withPlatform(options, async (connection) => {
    if (options.json === true || options.once === true || !process.stdout.isTTY) {
      const rows = await busyOperations(connection.client, query, windowMs);
      if (options.json === true) printJson(rows);
      else process.stdout.write(`${topText(rows, options.window, paint)}\n`);
      return;
    }
    await live(connection, query, options, paint);
  });
}

async function live(
  first: Connection,
  query: string,
  { window }: TopOptions,
  paint: Paint,
): Promise<void> {
  let connection = first;
  await untilInterrupted(async (signal, pause) => {
    for (let failures = 0; !signal.aborted; await pause(reconnectMs)) {
      try {
        const rows = await busyOperations(connection.client, query, window * 1_000, signal);
        failures = 0;
        const shown = rows.slice(0, Math.max(1, (process.stdout.rows || 40) - 3));
        process.stdout.write(`\u001b[2J\u001b[H${topText(shown, window, paint)}\n`);
      } catch (thrown) {
        const isAway =
          comesBack(thrown) ||
          (thrown instanceof KerfError &&
            (thrown.data as { code?: string } | undefined)?.code === "unavailable");
        if (signal.aborted || failures++ >= reconnects || !isAway) throw thrown;
        connection = await again(connection);
      }
    }
  });
}

/** A line for each operation. */
export function topText(rows: readonly BusyOperation[], window: number, paint: Paint): string {
  const title = paint("faint", `calls of the last ${window} s, as they were served`);
  if (rows.length === 0) return `${title}\nnothing was called; programs tell each 10 s`;
  const took = (ms: number | undefined): string => (ms === undefined ? "" : microsText(ms * 1_000));
  const cells = rows.map(
    ({ failureShare, operation, p50Ms, p95Ms, p99Ms, ratePerSecond, service }) => [
      `${paint("name", oneLine(service))}.${oneLine(operation)}`,
      ratePerSecond.toFixed(1),
      failureShare >= manyFailures
        ? paint("bad", `${(failureShare * 100).toFixed(1)} %`)
        : `${(failureShare * 100).toFixed(1)} %`,
      took(p50Ms),
      took(p95Ms),
      took(p99Ms),
    ],
  );
  const right = { align: "right" } as const;
  const columns = [
    { title: "operation" },
    { title: "calls/s", ...right },
    { title: "failed", ...right },
    { title: "p50", ...right },
    { title: "p95", ...right },
    { title: "p99", ...right },
  ];
  return `${title}\n${table(columns, cells)}`;
}
