import type { SecretsOptions } from "../commands/secrets.ts";
import { withPlatform } from "../connection/connect.ts";
import { printJson } from "../output/json.ts";

/** Makes a new master key. */
export function rotateMaster(options: SecretsOptions): Promise<void> {
  return withPlatform(options, async ({ client }) => {
    const done = await client.rotateMasterKey({});
    if (options.json === true) return printJson(done);
    const of = done.services.length === 0 ? "no service has any yet" : done.services.join(", ");
    process.stdout.write(
      `The master key has version ${done.master}. All secrets lie under it (${of}); the one before is gone.\n`,
    );
  });
}
