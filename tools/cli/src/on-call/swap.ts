import { KerfError } from "@kerf/kernel";
import type { SwapOptions } from "../commands/on-call.ts";
import { withPlatform } from "../connection/connect.ts";
import { printJson } from "../output/json.ts";
import { onCallTable } from "./show.ts";

const units: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Has somebody else take over for a while. */
export function swapOnCall(team: string, options: SwapOptions): Promise<void> {
  return withPlatform(options, async ({ client }) => {
    const from = options.from === undefined ? undefined : timeOf("--from", options.from, 0);
    const until = timeOf("--until", options.until, from ?? Date.now());
    const swapped = await client.swapOnCall({
      team,
      to: options.to,
      ...(from === undefined ? {} : { from: new Date(from).toISOString() }),
      until: new Date(until).toISOString(),
    });
    if (options.json === true) return printJson(swapped);
    process.stdout.write(`${onCallTable([swapped.team])}\n`);
  });
}

/** A time of this machine's clock, or of the one that it names; or some time after `since`, milliseconds since 1970-01-01 UTC. */
function timeOf(option: string, given: string, since: number): number {
  const [, digits = "", unit = ""] = /^(\d{1,5})(m|h|d)$/.exec(given) ?? [];
  if (unit !== "" && since > 0) return since + Number(digits) * (units[unit] as number);
  const at = /^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(given) ? Date.parse(given) : Number.NaN;
  if (!Number.isNaN(at)) return at;
  throw new KerfError("usage", {
    message: `${option} ${given} is no time.`,
    fix: `Write it as in 2026-01-08T09:00${since > 0 ? ", or as how long: 12h" : ""}.`,
  });
}
