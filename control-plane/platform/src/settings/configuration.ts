import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Clock, KerfError } from "@kerf/kernel";
import { writeJson } from "../state/json-file.ts";
import { bounded, type Changed, type Making } from "./versions.ts";

/** What is set of a service, by the names of its settings. */
export type Values = Readonly<Record<string, unknown>>;

/** One version of a service's configuration. */
export interface ConfigVersion extends Changed {
  readonly version: number;
  readonly values: Values;
}

/** The configuration of all services of an environment, in versions: a file for each service, replaced whole. */
export class Configuration {
  readonly #options: {
    readonly directory: string;
    readonly clock: Clock;
    /** Versions that a release still names. */
    readonly named: (service: string) => readonly number[];
  };
  #changing: Promise<unknown> = Promise.resolve();

  constructor(options: {
    directory: string;
    clock: Clock;
    named: (service: string) => readonly number[];
  }) {
    this.#options = options;
  }

  /** The newest version; undefined before the first. Throws `invalid_configuration` for a file that is no good. */
  newest(service: string): ConfigVersion | undefined {
    return this.#versions(service).at(-1);
  }

  /** All versions that are kept, the oldest first. */
  versions(service: string): readonly ConfigVersion[] {
    return this.#versions(service);
  }

  /** One version that is kept; undefined for one that is not. */
  at(service: string, version: number): ConfigVersion | undefined {
    return this.#versions(service).find((each) => each.version === version);
  }

  /** Makes a new version of these values. */
  add(
    service: string,
    values: Values,
    { ahead, by }: Omit<Making, "from">,
  ): Promise<ConfigVersion> {
    const work = async () => {
      const versions = this.#versions(service);
      const at = new Date(this.#options.clock.wall()).toISOString();
      const after: ConfigVersion = {
        version: (versions.at(-1)?.version ?? 0) + 1,
        at,
        by,
        values,
        ...(ahead === true ? { ahead } : undefined),
      };
      const kept = bounded([...versions, after], this.#options.named(service));
      await writeJson(this.#file(service), { service, versions: kept });
      return after;
    };
    const done = this.#changing.then(work, work);
    this.#changing = done.catch(() => {});
    return done;
  }

  #versions(service: string): readonly ConfigVersion[] {
    const file = this.#file(service);
    try {
      const { versions } = JSON.parse(readFileSync(file, "utf8")) as { versions: ConfigVersion[] };
      if (Array.isArray(versions) && versions.every(isVersion)) return versions;
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === "ENOENT") return [];
    }
    // Defaults in its place would be another configuration than the one that was set.
    throw new KerfError("invalid_configuration", {
      message: `The configuration of ${service} cannot be read: ${file}`,
      why: "The file is not as Kerf wrote it.",
      fix: `Put it back, or delete it and set the configuration again: kerf config set ${service} NAME=VALUE`,
    });
  }

  #file(service: string): string {
    return join(this.#options.directory, `${service}.json`);
  }
}

function isVersion(value: unknown): boolean {
  const { version, values } = (value ?? {}) as Partial<ConfigVersion>;
  return Number.isSafeInteger(version) && typeof values === "object" && values !== null;
}
