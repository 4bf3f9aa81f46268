import type { ConfigOptions } from "../commands/config.ts";
import { type Connection, withPlatform } from "../connection/connect.ts";
import { appliedText } from "../output/applied-text.ts";
import { printJson } from "../output/json.ts";
import { readSettings } from "./setting-values.ts";

type Change = Omit<Parameters<Connection["client"]["changeConfig"]>[0], "service">;

/** Sets what is given as `NAME=VALUE`. */
export function setConfig(
  service: string,
  settings: readonly string[],
  options: ConfigOptions,
): Promise<void> {
  return change(service, options, async ({ client }) => {
    const { schema } = await client.getConfig({ service });
    return { set: readSettings(settings, schema) };
  });
}

/** Takes settings back to their defaults. */
export function unsetConfig(
  service: string,
  names: string[],
  options: ConfigOptions,
): Promise<void> {
  return change(service, options, () => Promise.resolve({ unset: names }));
}

function change(
  service: string,
  options: ConfigOptions,
  make: (connection: Connection) => Promise<Change>,
): Promise<void> {
  return withPlatform(options, async (connection) => {
    const asked = await make(connection);
    const done = await connection.client.changeConfig({ service, ...asked });
    if (options.json === true) return printJson(done);
    process.stdout.write(appliedText("The configuration", service, done));
  });
}
