import type { DbRotateOptions } from "../commands/db.ts";
import { withPlatform } from "../connection/connect.ts";
import { printJson } from "../output/json.ts";
import { ownStep } from "../output/own-step.ts";
import { oneLine } from "../output/printable.ts";

/** Exchanges the passwords of a service's database, and prints how the old ones were refused. */
export function rotatePasswords(service: string, options: DbRotateOptions): Promise<void> {
  return withPlatform(options, async ({ client }) => {
    const done = await ownStep(`Exchanging the passwords of ${service}`, () =>
      client.rotateDatabasePasswords({ service }),
    );
    if (options.json === true) return printJson(done);
    const { instances, refused } = done;
    const serving = instances.length === 0 ? "none runs here" : instances.join(", ");
    process.stdout.write(`The passwords of ${service} are new. With them: ${serving}.\n`);
    for (const [role, answer] of Object.entries(refused))
      process.stdout.write(`The old one of ${role} is refused: ${oneLine(answer)}\n`);
  });
}
