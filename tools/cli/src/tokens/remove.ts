import type { TokensOptions } from "../commands/tokens.ts";
import { withPlatform } from "../connection/connect.ts";
import { printJson } from "../output/json.ts";

/** Makes a token worthless. */
export function removeToken(name: string, options: TokensOptions): Promise<void> {
  return withPlatform(options, async ({ client }) => {
    const done = await client.removeToken({ name });
    if (options.json === true) return printJson(done);
    process.stdout.write(`The token ${name} is worth nothing any more.\n`);
  });
}
