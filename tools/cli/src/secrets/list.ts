import type { SecretsOptions } from "../commands/secrets.ts";
import { withPlatform } from "../connection/connect.ts";
import { printJson } from "../output/json.ts";
import { printable } from "../output/printable.ts";
import { table } from "../output/table.ts";

/** Prints the secrets of a service; never values. */
export function listSecrets(service: string, options: SecretsOptions): Promise<void> {
  return withPlatform(options, async ({ client }) => {
    const listed = await client.listSecrets({ service });
    if (options.json === true) return printJson(listed);
    if (listed.secrets.length === 0) {
      process.stdout.write(`${service} declares no secrets.\n`);
      return;
    }
    const rows = listed.secrets.map((secret) => [
      secret.name,
      stateOf(secret),
      secret.version === undefined ? "-" : String(secret.version),
      secret.at ?? "-",
      printable(secret.by ?? "-"),
    ]);
    const titles = ["secret", "state", "version", "when", "by"].map((title) => ({ title }));
    process.stdout.write(`${table(titles, rows)}\n`);
  });
}

function stateOf(secret: {
  set: boolean;
  declared: boolean;
  development: boolean;
  ahead?: boolean | undefined;
}): string {
  if (secret.ahead === true) return "set; comes with the next change";
  if (secret.set) return secret.declared ? "set" : "set, no longer declared";
  return secret.development ? "not set; development has its own" : "not set";
}
