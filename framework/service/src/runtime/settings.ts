import type { SettingsBoot } from "@kerf/call";
import { type FieldProblem, type Schema, validate } from "@kerf/contract";
import { KerfError } from "@kerf/kernel";
import { secretsOf, type Settings } from "../declaration/settings.ts";
import type { AnyService } from "../declaration/service.ts";
import { sealSecrets } from "./sealed-secrets.ts";

/** Settings by the service's name. */
export type ServiceSettings = Readonly<Record<string, Settings>>;

/** The settings of a service that declares none. */
export const noSettings: Settings = { config: Object.freeze({}), secrets: sealSecrets([]) };

/**
 * Makes of what the operator has set what handlers are given: configuration through its schema, with its defaults, frozen; secrets sealed. Throws one
 * `invalid_configuration` for a service, which names all that is missing or wrong, and no values.
 */
export async function openSettings(
  services: readonly AnyService[],
  boots: Readonly<Record<string, SettingsBoot>>,
  { development }: { readonly development: boolean },
): Promise<ServiceSettings> {
  const opened = services.map(async (service) => {
    const given = boots[service.name];
    const problems: string[] = [];
    const config = await configOf(service, given?.config ?? {}, problems);
    const secrets: [string, string][] = [];
    for (const [name, declared] of secretsOf(service.secrets)) {
      const value = given?.secrets[name] ?? (development ? declared.development : undefined);
      if (value === undefined) problems.push(`the secret ${name} is not set`);
      else secrets.push([name, value]);
    }
    if (problems.length > 0) throw invalid(service.name, problems);
    return [service.name, { config, secrets: sealSecrets(secrets) }] as const;
  });
  return Object.fromEntries(await Promise.all(opened));
}

async function configOf(
  { config, name }: AnyService,
  given: unknown,
  problems: string[],
): Promise<unknown> {
  if (config === undefined) return noSettings.config;
  try {
    const value = await validate(config as Schema, given, "invalid_input", `config of ${name}`);
    return freeze(value);
  } catch (thrown) {
    if (!(thrown instanceof KerfError)) throw thrown;
    const { fields = [] } = thrown.data as { fields?: FieldProblem[] };
    problems.push(...fields.map(({ path, message }) => `config.${path}: ${message}`));
    return undefined;
  }
}

/** All calls of a service share one object. */
function freeze(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  for (const part of Object.values(value)) freeze(part);
  // What is no plain data (a Date, a Map) keeps its own state, which freezing would not hold.
  return Object.freeze(value);
}

function invalid(service: string, problems: readonly string[]): KerfError {
  return new KerfError("invalid_configuration", {
    message: `The settings of ${service} do not fit what it declares: ${problems.join("; ")}.`,
    fix: `kerf config set ${service} NAME=VALUE, or kerf secrets set ${service} NAME; in a test, give them to startService().`,
    data: { service, problems },
  });
}
