import type { PromoteOptions } from "../commands/promote.ts";
import { withPlatform } from "../connection/connect.ts";
import { printJson } from "../output/json.ts";

const said = {
  promote: "takes all calls",
  abandon: "goes, the one before serves on",
} as const;

/** Ends the watch of a unit's new release, for it or against it. */
export function decide(
  what: "promote" | "abandon",
  unit: string,
  options: PromoteOptions,
): Promise<void> {
  return withPlatform(options, async ({ client }) => {
    const decided = await client[what]({ unit });
    if (options.json === true) return printJson(decided);
    process.stdout.write(`the new release of ${unit} ${said[what]} (change ${decided.change})\n`);
  });
}
