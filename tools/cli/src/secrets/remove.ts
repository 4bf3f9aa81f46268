import { makeSettingsChange, type SettingsChangeOptions } from "../changes/settings-change.ts";
import { withPlatform } from "../connection/connect.ts";

/** Removes a secret of a service. */
export function removeSecret(
  service: string,
  name: string,
  options: SettingsChangeOptions,
): Promise<void> {
  return withPlatform(options, async (connection) => {
    const what = `The secrets, without ${name},`;
    await makeSettingsChange(connection, options, [what, service], (client, by) =>
      client.removeSecret({ service, name, ...by }),
    );
  });
}
