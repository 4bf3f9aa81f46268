import type { OnCallStatus } from "@kerf/control-api";
import type { OnCallOptions } from "../commands/on-call.ts";
import { withPlatform } from "../connection/connect.ts";
import { dateTime } from "../output/duration.ts";
import { printJson } from "../output/json.ts";
import { printable } from "../output/printable.ts";
import { table } from "../output/table.ts";

/** Prints who is on call. */
export function showOnCall(team: string | undefined, options: OnCallOptions): Promise<void> {
  return withPlatform(options, async ({ client }) => {
    const found = await client.onCall(team === undefined ? {} : { team });
    if (options.json === true) return printJson(found);
    const without =
      team !== undefined || found.without.length === 0
        ? ""
        : `Without a rota: ${found.without.join(", ")}. Set one: kerf oncall set TEAM --file rota.json\n`;
    const text = found.teams.length === 0 ? "" : `${onCallTable(found.teams)}\n`;
    process.stdout.write(text + without || "No service of this app has an owner.\n");
  });
}

/** Who now, until when, who next. */
export function onCallTable(teams: readonly OnCallStatus[]): string {
  const rows = teams.map(({ next, now, services, swaps, team }) => [
    printable(team),
    now === undefined ? "nobody yet" : printable(now.name),
    shown(now?.until ?? next.from),
    printable(next.name),
    String(swaps.length),
    services.join(", "),
  ]);
  const titles = ["team", "on call", "until", "next", "swaps", "services"];
  return table(
    titles.map((title) => ({ title })),
    rows,
  );
}

/** To the minute, by the clock of this machine. */
function shown(time: string): string {
  return dateTime(Date.parse(time)).slice(0, 16);
}
