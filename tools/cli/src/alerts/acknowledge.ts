import type { AckOptions } from "../commands/alerts.ts";
import { withPlatform } from "../connection/connect.ts";
import { printJson } from "../output/json.ts";

/** Says that somebody takes care of an alert. */
export function acknowledge(id: string, options: AckOptions): Promise<void> {
  return withPlatform(options, async ({ client }) => {
    const { note } = options;
    const done = await client.acknowledgeAlert({ id, ...(note === undefined ? {} : { note }) });
    if (options.json === true) return printJson(done);
    const { operation, service } = done.alert;
    process.stdout.write(`You take care of ${service}.${operation}.\n`);
  });
}
