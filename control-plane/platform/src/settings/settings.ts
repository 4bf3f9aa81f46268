import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { SettingsBoot } from "@kerf/call";
import { type Clock, KerfError, toKerfError } from "@kerf/kernel";
import { developmentEnvironment, type ManifestService } from "@kerf/service";
import { MasterKeys } from "../secrets/master-keys.ts";
import { SecretStore } from "../secrets/secret-store.ts";
import { SeenRevisions } from "../secrets/seen-revisions.ts";
import { configurationProblems } from "./check-configuration.ts";
import { Configuration, type Values } from "./configuration.ts";
import { keyDirectory } from "./key-directory.ts";

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
  declared(service: string): Pick<ManifestService, "config" | "secrets"> {
    return this.#options.service(service);
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

  /**
   * What the boot document says of a service; undefined for one that declares nothing. Without versions, the newest. What only lies there and is not
   * declared does not leave the platform.
   */
  boot(
    service: string,
    versions?: { readonly config: number; readonly secrets: number },
  ): SettingsBoot | undefined {
    const { config: schema, secrets: declared = [] } = this.#options.service(service);
    if (schema === undefined && declared.length === 0) return undefined;
    const config =
      versions === undefined
        ? this.configuration.newest(service)
        : this.configuration.at(service, versions.config);
    const version = versions?.secrets ?? this.secrets.version(service);
    const values = declared.length === 0 ? {} : this.secrets.values(service, version);
    return {
      config: config?.values ?? {},
      secrets: Object.fromEntries(
        declared.flatMap(({ name }) => (values[name] === undefined ? [] : [[name, values[name]]])),
      ),
      version: { config: config?.version ?? 0, secrets: version },
    };
  }

  /** Throws one `invalid_input` that names everything that is wrong with a configuration. */
  async assertFits(service: string, values: Values): Promise<void> {
    const { config } = this.#options.service(service);
    const problems = await configurationProblems(config, values);
    if (problems.length === 0) return;
    throw new KerfError("invalid_input", {
      message: `The configuration of ${service} would not fit what it declares: ${problems.join("; ")}.`,
      why: "Nothing was changed.",
      fix: `kerf config get ${service} says what can be set.`,
      data: { service, problems },
    });
  }

  async #problem(service: string): Promise<KerfError | undefined> {
    const { config, secrets = [] } = this.#options.service(service);
    const development = this.#options.environment === developmentEnvironment;
    const values = this.configuration.newest(service)?.values ?? {};
    const wrong = config === undefined ? [] : await configurationProblems(config, values);
    const needed = secrets.filter((secret) => !(development && secret.development));
    const set = secrets.length === 0 ? [] : this.secrets.list(service).map(({ name }) => name);
    const missing = needed.map(({ name }) => name).filter((name) => !set.includes(name));
    if (wrong.length === 0 && missing.length === 0) return undefined;
    const problems = [...wrong, ...missing.map((name) => `the secret ${name} is not set`)];
    const commands = [
      ...(wrong.length === 0 ? [] : [`kerf config set ${service} NAME=VALUE`]),
      ...missing.map((name) => `kerf secrets set ${service} ${name}`),
    ];
    return new KerfError("invalid_configuration", {
      message: `The service ${service} is not started: ${problems.join("; ")}.`,
      why: "It declares that it needs them. The other services run without it.",
      fix: `Run ${commands.join(", then ")}.`,
      data: { service, problems },
    });
  }
}
