import type { SecretsOptions } from "../commands/secrets.ts";
import { withPlatform } from "../connection/connect.ts";
import { appliedText } from "../output/applied-text.ts";
import { printJson } from "../output/json.ts";

/** Removes a secret of a service. */
export function removeSecret(
  service: string,
  name: string,
  options: SecretsOptions,
): Promise<void> {
  return withPlatform(options, async ({ client }) => {
    const done = await client.removeSecret({ service, name });
    if (options.json === true) return printJson(done);
    process.stdout.write(appliedText(`The secrets, without ${name},`, service, done));
  });
}
