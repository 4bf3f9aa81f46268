import type { DashboardOptions } from "../commands/dashboard.ts";
import { printJson } from "../output/json.ts";
import { withPlatform } from "./connect.ts";

/** Prints a link that signs in. No browser is started with it: arguments of programs can be read by everybody on the machine. */
export function openDashboard(options: DashboardOptions): Promise<void> {
  return withPlatform(options, async ({ client }) => {
    const link = await client.openDashboard({});
    if (options.json === true) printJson(link);
    else process.stdout.write(`${link.url}\n`);
  });
}
