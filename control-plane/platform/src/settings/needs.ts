import type { ManifestService } from "@kerf/service";
import { configurationProblems, isDeclared } from "./check-configuration.ts";
import type { Values } from "./configuration.ts";

/** What a service declares that operators set. */
export type Declared = Pick<ManifestService, "config" | "secrets">;

/** What keeps a service from being started with what is set, and the commands that mend it. */
export interface Lack {
  /** Each readable by itself, and without a value. */
  readonly problems: readonly string[];
  readonly commands: readonly string[];
}

/**
 * What a service lacks of what it declares, with these values of its configuration and these names of secrets. What is set and not declared is given
 * to nobody, and not judged. `ahead`: the commands are for a service whose code is not there yet.
 */
export async function lackOf(
  service: string,
  { config, secrets = [] }: Declared,
  set: { readonly values: Values; readonly secrets: readonly string[] },
  { development, ahead = false }: { readonly development: boolean; readonly ahead?: boolean },
): Promise<Lack | undefined> {
  const wrong =
    config === undefined ? [] : await configurationProblems(config, declaredOf(config, set.values));
  const needed = secrets.filter((secret) => !(development && secret.development));
  const missing = needed.map(({ name }) => name).filter((name) => !set.secrets.includes(name));
  if (wrong.length === 0 && missing.length === 0) return undefined;
  const how = ahead ? " --ahead" : "";
  return {
    problems: [...wrong, ...missing.map((name) => `the secret ${name} is not set`)],
    commands: [
      ...(wrong.length === 0 ? [] : [`kerf config set ${service} NAME=VALUE${how}`]),
      ...missing.map((name) => `kerf secrets set ${service} ${name}${how}`),
    ],
  };
}

/** The values that the service is given: those that it declares. */
export function declaredOf(config: Declared["config"], values: Values): Values {
  return Object.fromEntries(Object.entries(values).filter(([name]) => isDeclared(config, name)));
}
