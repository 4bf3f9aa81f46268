import type { SetSecretOptions } from "../commands/secrets.ts";
import { withPlatform } from "../connection/connect.ts";
import { appliedText } from "../output/applied-text.ts";
import { printJson } from "../output/json.ts";
import { readValue } from "./read-value.ts";

/** Sets a secret of a service; its value comes from a terminal, stdin or a file, never from the arguments. */
export function setSecret(service: string, name: string, options: SetSecretOptions): Promise<void> {
  return withPlatform(options, async ({ client }) => {
    const { value, dropped } = await readValue(`${name} of ${service}: `, options.file);
    if (dropped) process.stderr.write("The line end at the end of the value was left out.\n");
    const done = await client.setSecret({ service, name, value });
    if (options.json === true) return printJson(done);
    process.stdout.write(appliedText(`The secret ${name}`, service, done));
  });
}
