import type { AlertsOptions } from "../commands/alerts.ts";
import { withPlatform } from "../connection/connect.ts";
import { duration } from "../output/duration.ts";
import { printJson } from "../output/json.ts";
import { table } from "../output/table.ts";

/** Prints what is promised, and how fast its budget is spent. */
export function listObjectives(service: string | undefined, options: AlertsOptions): Promise<void> {
  return withPlatform(options, async ({ client }) => {
    const found = await client.objectives(service === undefined ? {} : { service });
    if (options.json === true) return printJson(found);
    if (found.objectives.length === 0) {
      process.stdout.write("Nothing is promised.\n");
      return;
    }
    const windows = found.objectives[0]?.burns ?? [];
    const columns = [
      { title: "operation" },
      { title: "objective" },
      { title: "owner" },
      { title: "calls", align: "right" as const },
      ...windows.map(({ longMs, threshold }) => ({
        title: `${duration(longMs)} (${threshold})`,
        align: "right" as const,
      })),
    ];
    const rows = found.objectives.map(
      ({ burns, calls, operation, owner, service: of, target, withinMs }) => [
        `${of}.${operation}`,
        `${Number((target * 100).toFixed(3))} %${withinMs === undefined ? "" : ` in ${duration(withinMs)}`}`,
        owner,
        String(Math.round(calls)),
        ...burns.map(({ long }) => (calls === 0 ? "–" : long.toFixed(1))),
      ],
    );
    process.stdout.write(`${table(columns, rows)}\n`);
  });
}
