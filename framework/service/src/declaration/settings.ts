import { type JsonSchema, type OutputOf, type Schema, toJsonSchema } from "@kerf/contract";

/** The environment of `kerf dev`, where secrets may have values in the source. */
export const developmentEnvironment = "dev";

/** What is said of one secret. */
export interface SecretDeclaration {
  /**
   * What a development environment (`kerf dev`) takes as long as none is set, so that starting needs nothing. It lies in the source, so it opens nothing
   * that matters.
   */
  readonly development?: string;
}

/** The secrets that a service needs: their names, or names with what is said of each. */
export type SecretDeclarations = readonly string[] | Readonly<Record<string, SecretDeclaration>>;

/** The names in a declaration of secrets. */
export type SecretNames<D extends SecretDeclarations> = D extends readonly (infer N extends
  string)[]
  ? N
  : keyof D & string;

/** Secrets by name. The object shows as `[secret]` wherever it is printed; each value is text. */
export type Secrets<Name extends string = string> = { readonly [N in Name]: string };

/** What the operator gives to a service: configuration and secrets. */
export interface Settings<Config = unknown, Names extends string = string> {
  readonly config: Config;
  readonly secrets: Secrets<Names>;
}

/** The settings of a service that declares none. */
export type NoSettings = Settings<Readonly<Record<never, never>>, never>;

/** The settings that a service's declarations make. */
export type SettingsOf<G extends Schema, D extends SecretDeclarations> = Settings<
  OutputOf<G>,
  SecretNames<D>
>;

/** A secret as the platform knows it: never its value. */
export interface ManifestSecret {
  readonly name: string;
  /** Whether a development environment can do without one that is set. */
  readonly development: boolean;
}

/** Each declared secret by its name. */
export function secretsOf(declared: SecretDeclarations): ReadonlyMap<string, SecretDeclaration> {
  return new Map(
    Array.isArray(declared)
      ? (declared as readonly string[]).map((name) => [name, {}])
      : Object.entries(declared as Readonly<Record<string, SecretDeclaration>>),
  );
}

/** The JSON Schema (draft 2020-12) of what operators may set. Throws what the schema's library throws when it cannot say it. */
export function configSchema(config: Schema): JsonSchema {
  const schema = toJsonSchema(config, "input");
  if (schema?.["type"] === "object") return schema;
  throw new Error(
    schema === undefined
      ? "its library cannot say it as JSON Schema"
      : "it must describe an object: one property for each setting",
  );
}

const nameForm = /^[a-z][A-Za-z0-9]{0,39}$/;
/** Longest value of a secret, bytes of UTF-8: a private key or a certificate with its chain fits. */
export const longestSecret = 65_536;

/** Everything that is wrong with what a service declares. */
export function settingsProblems(service: {
  readonly config: Schema | undefined;
  readonly secrets: SecretDeclarations;
}): string[] {
  const problems: string[] = [];
  for (const [name, { development }] of secretsOf(service.secrets)) {
    if (!nameForm.test(name))
      problems.push(`secrets: ${JSON.stringify(name)} is no name; write it as stripeKey`);
    if (development === "") problems.push(`secrets: ${name}.development is empty`);
  }
  if (service.config === undefined) return problems;
  try {
    const properties = configSchema(service.config)["properties"] ?? {};
    for (const name of Object.keys(properties)) {
      if (!nameForm.test(name))
        problems.push(`config: ${JSON.stringify(name)} is no name; write it as feePercent`);
    }
  } catch (thrown) {
    problems.push(`config: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
  return problems;
}
