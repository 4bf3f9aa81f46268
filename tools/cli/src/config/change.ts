import type { ChangeConfigOptions } from "../commands/config.ts";
import { type Connection, withPlatform } from "../connection/connect.ts";
import { makeSettingsChange } from "../changes/settings-change.ts";
import { readSettings } from "./setting-values.ts";

type Change = Omit<Parameters<Connection["client"]["changeConfig"]>[0], "service">;

/** Sets what is given as `NAME=VALUE`. */
export function setConfig(
  service: string,
  settings: readonly string[],
  options: ChangeConfigOptions,
): Promise<void> {
  return change(service, options, async ({ client }) => {
    const schema = await schemaOf(client, service, options.ahead === true);
    return { set: readSettings(settings, schema), ahead: options.ahead === true };
  });
}

/** Takes settings back to their defaults. */
export function unsetConfig(
  service: string,
  names: string[],
  options: ChangeConfigOptions,
): Promise<void> {
  return change(service, options, () => Promise.resolve({ unset: names }));
}

function change(
  service: string,
  options: ChangeConfigOptions,
  make: (connection: Connection) => Promise<Change>,
): Promise<void> {
  return withPlatform(options, async (connection) => {
    const asked = await make(connection);
    await makeSettingsChange(connection, options, ["The configuration", service], (client, by) =>
      client.changeConfig({ service, ...asked, ...by }),
    );
  });
}

/** What a service can be set to; nothing is known of one whose code comes only later. */
async function schemaOf(
  client: Connection["client"],
  service: string,
  ahead: boolean,
): Promise<Readonly<Record<string, unknown>>> {
  if (!ahead) return (await client.getConfig({ service })).schema;
  const { services } = await client.status({});
  const isKnown = services.some(({ name }) => name === service);
  return isKnown ? (await client.getConfig({ service })).schema : {};
}
