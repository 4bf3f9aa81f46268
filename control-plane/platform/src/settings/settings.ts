import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { SettingsBoot } from "@kerf/call";
import { type Clock, KerfError, toKerfError } from "@kerf/kernel";
import { developmentEnvironment, type ManifestService } from "@kerf/service";
import { MasterKeys } from "../secrets/master-keys.ts";
import { type KnownSecret, SecretStore } from "../secrets/secret-store.ts";
import { SeenRevisions } from "../secrets/seen-revisions.ts";
import { configurationProblems } from "./check-configuration.ts";
import { Configuration, type Values } from "./configuration.ts";
import { keyDirectory } from "./key-directory.ts";
import { type Declared, declaredOf, type Lack, lackOf } from "./needs.ts";
import { comingVersion, type InForce, type SettingsVersions } from "./versions.ts";

/** What the settings of an environment are made of. */
export interface SettingsOptions {
  readonly environment: string;
  /** Directory of the platform's state. */
  readonly state: string;
  /** Where the master key lies; by default in a directory of the user's own configuration. */
  readonly masterKeyFile?: string | undefined;
  readonly clock: Clock;
  /** Throws `not_found` for a service that the app does not have. */
  service(name: string): ManifestService;
  /** The versions that the release of a service's unit names; undefined where the app runs from its source: there the newest are in force. */
  inForce(service: string): InForce | undefined;
  /** Versions that a release still names. */
  named(service: string): {
    readonly config: readonly number[];
    readonly secrets: readonly number[];
  };
  problem(error: KerfError, source: string): void;
}

/** What operators set of services: configuration and secrets, in versions; and whether a service has what it needs. */
export class Settings {
  readonly configuration: Configuration;
  readonly secrets: SecretStore;
  readonly #options: SettingsOptions;
  readonly #problems = new Map<string, KerfError>();

  constructor(options: SettingsOptions) {
    const { clock, environment, state } = options;
    this.#options = options;
    const [settings, secrets] = [join(state, "settings"), join(state, "secrets")];
    for (const directory of [settings, secrets])
      mkdirSync(directory, { recursive: true, mode: 0o700 });
    const beside = keyDirectory(environment, state);
    this.configuration = new Configuration({
      directory: settings,
      clock,
      named: (service) => options.named(service).config,
    });
    this.secrets = new SecretStore({
      environment,
      directory: secrets,
      keys: new MasterKeys(options.masterKeyFile ?? join(beside, "master-key.json")),
      seen: new SeenRevisions(join(beside, "seen-secrets.json")),
      clock,
      named: (service) => options.named(service).secrets,
    });
  }

  /** Why a service cannot be started with what is set, as it was when it was last looked at. */
  problemOf(service: string): KerfError | undefined {
    return this.#problems.get(service);
  }

  /** What a service declares. Throws `not_found` for one that the app does not have. */
  declared(service: string): Declared {
    return this.#options.service(service);
  }

  /** The newest versions, whoever is started with them. */
  newest(service: string): SettingsVersions {
    return {
      config: this.configuration.newest(service)?.version ?? 0,
      secrets: this.secrets.version(service),
    };
  }

  /** The versions that the service is started with. */
  inForce(service: string): SettingsVersions {
    return this.#options.inForce(service) ?? this.newest(service);
  }

  /** The versions that the next change of the service brings into force: with what was set ahead. */
  coming(service: string): SettingsVersions {
    const now = this.#options.inForce(service);
    if (now === undefined) return this.newest(service);
    const { reached } = now;
    return {
      config: comingVersion(this.configuration.versions(service), now.config, reached.config),
      secrets: comingVersion(this.secrets.versions(service), now.secrets, reached.secrets),
    };
  }

  /** What was set of a service and is not in force yet: values, and secrets by their names. */
  ahead(service: string): { readonly values: Values; readonly secrets: readonly KnownSecret[] } {
    const [now, coming] = [this.inForce(service), this.coming(service)];
    const values = this.values(service, now.config);
    const known = this.#bringers(service, now.secrets);
    return {
      values: Object.fromEntries(
        Object.entries(this.values(service, coming.config)).filter(
          ([name, value]) => !isDeepStrictEqual(values[name], value),
        ),
      ),
      secrets: this.secrets
        .list(service, coming.secrets)
        .filter(({ name, version }) => known[name] !== version),
    };
  }

  /** The values of a version of the configuration; none of version 0. Throws `not_found` for one that is not kept. */
  values(service: string, version: number): Values {
    const found = version === 0 ? { values: {} } : this.configuration.at(service, version);
    if (found !== undefined) return found.values;
    throw new KerfError("not_found", {
      message: `Version ${version} of the configuration of ${service} is not kept.`,
      why: "The file that had it was deleted or put back.",
      fix: `kerf config get ${service} says what is set.`,
    });
  }

  /** The names of what two versions have set differently; nothing where one of them is not kept any more. */
  changedNames(service: string, one: SettingsVersions, other: SettingsVersions): string[] {
    const [before, after] = [one, other].map(({ config, secrets }) => ({
      values: config === 0 ? {} : (this.configuration.at(service, config)?.values ?? {}),
      secrets: this.#bringers(service, secrets),
    })) as [Named, Named];
    return [...differing(before.values, after.values), ...differing(before.secrets, after.secrets)];
  }

  /** By the name of a secret: the version that brought its value. */
  #bringers(service: string, version: number): Readonly<Record<string, number>> {
    if (version === 0) return {};
    return this.secrets.versions(service).find((each) => each.version === version)?.secrets ?? {};
  }

  /** Looks whether everything is set that a service needs; what is newly wrong is reported. */
  async check(service: string): Promise<KerfError | undefined> {
    const before = this.#problems.get(service);
    const problem = await this.#problem(service).catch(toKerfError);
    if (problem === undefined) this.#problems.delete(service);
    else this.#problems.set(service, problem);
    if (problem !== undefined && problem.message !== before?.message)
      this.#options.problem(problem, service);
    return problem;
  }

  /** Why a service cannot be started with these versions. */
  async problemWith(
    service: string,
    declared: Declared,
    versions: SettingsVersions = this.inForce(service),
  ): Promise<KerfError | undefined> {
    const lack = await this.lack(service, declared, versions);
    return lack === undefined ? undefined : notStarted(service, lack);
  }

  /** What a service lacks that declares this, with these versions. Throws what cannot be read. */
  async lack(
    service: string,
    declared: Declared,
    versions: SettingsVersions,
    ahead?: boolean,
  ): Promise<Lack | undefined> {
    const { secrets = [] } = declared;
    const set = secrets.length === 0 ? [] : this.secrets.list(service, versions.secrets);
    return this.lackWith(
      service,
      declared,
      { values: this.values(service, versions.config), secrets: set.map(({ name }) => name) },
      ahead,
    );
  }

  /** What a service would lack with these values and names. */
  lackWith(
    service: string,
    declared: Declared,
    set: { readonly values: Values; readonly secrets: readonly string[] },
    ahead?: boolean,
  ): Promise<Lack | undefined> {
    const development = this.#options.environment === developmentEnvironment;
    return lackOf(service, declared, set, { development, ...(ahead && { ahead }) });
  }

  /** What the boot document says of a service; undefined for one that declares nothing. What only lies there and is not declared does not leave the platform. */
  boot(
    service: string,
    { config: schema, secrets: declared = [] }: Declared,
    versions = this.inForce(service),
  ): SettingsBoot | undefined {
    if (schema === undefined && declared.length === 0) return undefined;
    const values = declared.length === 0 ? {} : this.secrets.values(service, versions.secrets);
    return {
      config: declaredOf(schema, this.values(service, versions.config)),
      secrets: Object.fromEntries(
        declared.flatMap(({ name }) => (values[name] === undefined ? [] : [[name, values[name]]])),
      ),
      version: { config: versions.config, secrets: versions.secrets },
    };
  }

  /** Throws one `invalid_input` that names everything that is wrong with a configuration. `named`: settings that must be declared. */
  async assertFits(
    service: string,
    { config }: Declared,
    values: Values,
    named: readonly string[],
  ): Promise<void> {
    const judged = { ...declaredOf(config, values), ...pick(values, named) };
    const problems = await configurationProblems(config, judged);
    if (problems.length === 0) return;
    throw new KerfError("invalid_input", {
      message: `The configuration of ${service} would not fit what it declares: ${problems.join("; ")}.`,
      why: "Nothing was changed.",
      fix: `kerf config get ${service} says what can be set. What only code declares that comes is set with --ahead.`,
      data: { service, problems },
    });
  }

  async #problem(service: string): Promise<KerfError | undefined> {
    const declared = this.#options.service(service);
    const now = this.inForce(service);
    const lack = await this.lack(service, declared, now);
    if (lack === undefined) return undefined;
    // What was set meanwhile waits with it for the rest.
    const coming = await this.lack(service, declared, this.coming(service));
    return notStarted(service, coming ?? lack);
  }
}

function notStarted(service: string, { commands, problems }: Lack): KerfError {
  return new KerfError("invalid_configuration", {
    message: `The service ${service} is not started: ${problems.join("; ")}.`,
    why: "It declares that it needs them. The other services run without it.",
    fix: `Run ${commands.join(", then ")}.`,
    data: { service, problems, commands },
  });
}

interface Named {
  readonly values: Values;
  readonly secrets: Readonly<Record<string, number>>;
}

function differing(one: Values, other: Values): string[] {
  const names = [...new Set([...Object.keys(one), ...Object.keys(other)])];
  return names.filter((name) => !isDeepStrictEqual(one[name], other[name]));
}

function pick(values: Values, names: readonly string[]): Values {
  return Object.fromEntries(
    names.flatMap((name) => (name in values ? [[name, values[name]]] : [])),
  );
}
