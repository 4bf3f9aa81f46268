import type { TokensOptions } from "../commands/tokens.ts";
import { withPlatform } from "../connection/connect.ts";
import { printJson } from "../output/json.ts";
import { printable } from "../output/printable.ts";
import { table } from "../output/table.ts";

/** Prints the tokens that are narrowed to services; never their values. */
export function listTokens(options: TokensOptions): Promise<void> {
  return withPlatform(options, async ({ client }) => {
    const { tokens } = await client.listTokens({});
    if (options.json === true) return printJson({ tokens });
    if (tokens.length === 0) {
      process.stdout.write("There are no tokens but the platform's own.\n");
      return;
    }
    const rows = tokens.map(({ at, by, expires, name, services }) => [
      name,
      services.join(", "),
      expires ?? "never",
      at,
      printable(by),
    ]);
    const titles = ["token", "services", "expires", "when", "by"].map((title) => ({ title }));
    process.stdout.write(`${table(titles, rows)}\n`);
  });
}
