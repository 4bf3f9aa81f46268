import type { ConfigOptions } from "../commands/config.ts";
import { withPlatform } from "../connection/connect.ts";
import { printJson } from "../output/json.ts";
import { printable } from "../output/printable.ts";
import { table } from "../output/table.ts";

/** Prints each setting of a service: what is set, or what it is by default. */
export function getConfig(service: string, options: ConfigOptions): Promise<void> {
  return withPlatform(options, async ({ client }) => {
    const config = await client.getConfig({ service });
    if (options.json === true) return printJson(config);
    const { at, by, schema, values, version } = config;
    const properties = (schema["properties"] ?? {}) as Record<string, Record<string, unknown>>;
    const required = (schema["required"] ?? []) as string[];
    const names = [...new Set([...Object.keys(properties), ...Object.keys(values)])];
    const waiting = config.ahead ?? [];
    if (names.length === 0 && waiting.length === 0) {
      process.stdout.write(`${service} declares no configuration.\n`);
      return;
    }
    const rows = names.map((name) => {
      const property = properties[name];
      const description = property?.["description"];
      const set = Object.hasOwn(values, name);
      const value = set ? values[name] : property?.["default"];
      return [
        name,
        value === undefined ? "-" : printable(JSON.stringify(value)),
        origin(set, property !== undefined, required.includes(name)),
        typeof description === "string" ? printable(description) : "",
      ];
    });
    const titles = ["setting", "value", "from", ""].map((title) => ({ title }));
    process.stdout.write(`${table(titles, rows)}\n`);
    if (waiting.length > 0)
      process.stdout.write(`\nCome with the next change: ${waiting.map(printable).join(", ")}\n`);
    if (version > 0)
      process.stdout.write(`\nVersion ${version}, ${at} by ${printable(by ?? "")}\n`);
  });
}

function origin(set: boolean, declared: boolean, required: boolean): string {
  if (set) return declared ? "set" : "set, no longer declared";
  return required ? "must be set" : "default";
}
