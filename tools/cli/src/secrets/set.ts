import { makeSettingsChange } from "../changes/settings-change.ts";
import type { SetSecretOptions } from "../commands/secrets.ts";
import { withPlatform } from "../connection/connect.ts";
import { readValue } from "./read-value.ts";

/** Sets a secret of a service; its value comes from a terminal, stdin or a file, never from the arguments. */
export function setSecret(service: string, name: string, options: SetSecretOptions): Promise<void> {
  return withPlatform(options, async (connection) => {
    const { value, dropped } = await readValue(`${name} of ${service}: `, options.file);
    if (dropped) process.stderr.write("The line end at the end of the value was left out.\n");
    const ahead = options.ahead === true;
    await makeSettingsChange(connection, options, [`The secret ${name}`, service], (client, by) =>
      client.setSecret({ service, name, value, ahead, ...by }),
    );
  });
}
