import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { type Clock, KerfError } from "@kerf/kernel";
import { bounded, type Changed, type Making } from "../settings/versions.ts";
import { readText, writeWhole } from "../state/json-file.ts";
import { open, rewrap, seal, type Sealed } from "./envelope.ts";
import type { MasterKeys } from "./master-keys.ts";
import {
  largestSecretFile,
  readSecretFile,
  type SecretFile,
  type SecretsVersion,
  writeSecretFile,
} from "./secret-file.ts";
import type { SeenRevisions } from "./seen-revisions.ts";

/** What a store of secrets is made of. */
export interface SecretStoreOptions {
  readonly environment: string;
  /** Directory of the files, one for each service. */
  readonly directory: string;
  readonly keys: MasterKeys;
  readonly seen: SeenRevisions;
  readonly clock: Clock;
  /** Versions of a service's secrets that a release still names. */
  named(service: string): readonly number[];
}

/** A secret as it may be told. */
export interface KnownSecret extends Changed {
  readonly name: string;
  /** The version of the service's secrets that brought its value. */
  readonly version: number;
}

/** What a change makes of the newest version. */
type Change = Pick<SecretsVersion, "secrets"> & Pick<SecretFile, "values">;

/** The secrets of all services of an environment, encrypted, in versions. Values are in memory only while they are asked for. */
export class SecretStore {
  readonly #options: SecretStoreOptions;
  #changing: Promise<unknown> = Promise.resolve();

  constructor(options: SecretStoreOptions) {
    this.#options = options;
  }

  /** The newest version of a service's secrets; 0 before the first. */
  version(service: string): number {
    return this.#read(service)?.versions.at(-1)?.version ?? 0;
  }

  /** All versions that are kept, the oldest first; which value each name has in them, never values. */
  versions(service: string): readonly SecretsVersion[] {
    return this.#read(service)?.versions ?? [];
  }

  /** The secrets that are set in a version, by name; never values. */
  list(service: string, at = this.version(service)): KnownSecret[] {
    const content = this.#read(service);
    const wanted = content?.versions.find(({ version }) => version === at);
    const names = Object.entries(wanted?.secrets ?? {});
    return names.map(([name, version]) => {
      const since = content?.versions.find((each) => each.version === version);
      // The version that brought it may be older than what is kept.
      return { name, version, at: since?.at ?? "", by: since?.by ?? "" };
    });
  }

  /** The values of a version, by name. Throws `invalid_configuration` for what cannot be opened, `not_found` for a version that is not kept. */
  values(service: string, version: number): Record<string, string> {
    if (version === 0) return {};
    const content = this.#read(service);
    const wanted = content?.versions.find((each) => each.version === version);
    if (content === undefined || wanted === undefined) {
      throw new KerfError("not_found", {
        message: `Version ${version} of the secrets of ${service} is not kept.`,
        fix: `kerf secrets ls ${service} says what is set.`,
      });
    }
    return Object.fromEntries(
      Object.entries(wanted.secrets).map(([name, since]) => {
        const sealed = content.values[name]?.[String(since)] as Sealed;
        return [name, open(this.#options.keys, this.#place(service, name, since), sealed)];
      }),
    );
  }

  /** Sets one secret; answers the new version. */
  set(service: string, name: string, value: string, making: Making): Promise<number> {
    return this.#change(service, making, async (version, secrets, values) => {
      const master = await this.#options.keys.ensure();
      const place = this.#place(service, name, version);
      const sealed = seal(this.#options.keys, master, place, value);
      return {
        secrets: { ...secrets, [name]: version },
        values: { ...values, [name]: { ...values[name], [version]: sealed } },
      };
    });
  }

  /** Removes one secret; answers the new version. Throws `not_found` when it is not set. */
  remove(service: string, name: string, making: Making): Promise<number> {
    return this.#change(service, making, (_version, { [name]: old, ...secrets }, values) => {
      if (old !== undefined) return { secrets, values };
      throw new KerfError("not_found", {
        message: `The secret ${name} of ${service} is not set.`,
        fix: `kerf secrets ls ${service} says which are.`,
      });
    });
  }

  /** Wraps every key anew under a new version of the master key; older versions go. Values are not opened. */
  rotateMaster(): Promise<{ master: number; services: string[] }> {
    return this.#alone(async () => {
      const { keys } = this.#options;
      await keys.ensure();
      // All are read before anything changes: one that cannot be read would be lost with its key.
      const files = this.#services().map((service) => [service, this.#read(service)] as const);
      const master = await keys.add();
      for (const [, content] of files) {
        if (content !== undefined)
          await this.#write({ ...content, ...this.#rewrapped(content, master) });
      }
      await keys.keepOnly(new Set([master]));
      return { master, services: files.map(([service]) => service) };
    });
  }

  #rewrapped(content: SecretFile, master: number): Pick<SecretFile, "master" | "values"> {
    const values = Object.entries(content.values).map(([name, versions]) => [
      name,
      Object.fromEntries(
        Object.entries(versions).map(([version, sealed]) => {
          const place = this.#place(content.service, name, Number(version));
          return [version, rewrap(this.#options.keys, master, place, sealed)];
        }),
      ),
    ]);
    return { master, values: Object.fromEntries(values) };
  }

  #change(
    service: string,
    { ahead, by, from }: Making,
    make: (
      version: number,
      ...now: [Change["secrets"], Change["values"]]
    ) => Change | Promise<Change>,
  ): Promise<number> {
    return this.#alone(async () => {
      const { clock, environment, keys, seen } = this.#options;
      const content = this.#read(service);
      const last = content?.versions.at(-1);
      // Numbers go on where a deleted file left off: what was bound to one of them never opens again.
      const version = (last?.version ?? seen.of(service)?.version ?? 0) + 1;
      const base =
        from === undefined ? last : content?.versions.find((each) => each.version === from);
      const made = await make(version, base?.secrets ?? {}, content?.values ?? {});
      const at = new Date(clock.wall()).toISOString();
      const versions = bounded(
        [
          ...(content?.versions ?? []),
          { version, at, by, secrets: made.secrets, ...(ahead === true ? { ahead } : undefined) },
        ],
        this.#options.named(service),
      );
      await this.#write({
        environment,
        service,
        revision: content?.revision ?? seen.of(service)?.revision ?? 0,
        master: await keys.ensure(),
        versions,
        values: inUse(made.values, versions),
      });
      return version;
    });
  }

  /** Writes the next revision of a file, then remembers that it is the newest. */
  async #write(content: SecretFile): Promise<void> {
    const { keys } = this.#options;
    const next = { ...content, revision: content.revision + 1 };
    const text = writeSecretFile(keys, next);
    if (Buffer.byteLength(text) > largestSecretFile) {
      throw new KerfError("invalid_input", {
        message: `The secrets of ${content.service} are larger than ${largestSecretFile / 1_048_576} MiB together.`,
        fix: "Keep large files elsewhere, and their keys here.",
      });
    }
    await writeWhole(this.#file(content.service), text);
    await this.#remember(next, readSecretFile(keys, text, this.#where(content.service)).signature);
  }

  #read(service: string): SecretFile | undefined {
    const { keys, seen } = this.#options;
    const place = this.#where(service);
    const text = textOf(place.file);
    if (text === undefined) return undefined;
    const { content, signature } = readSecretFile(keys, text, place);
    const known = seen.of(service);
    const older = known !== undefined && content.revision < known.revision;
    const other = content.revision === known?.revision && signature !== known.signature;
    if (older || other) throw putBack(place);
    return content;
  }

  #remember({ revision, service, versions }: SecretFile, signature: string): Promise<void> {
    const version = versions.at(-1)?.version ?? 0;
    return this.#options.seen.remember(service, { revision, version, signature });
  }

  /** One change after the other. */
  #alone<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#changing.then(work, work);
    this.#changing = done.catch(() => {});
    return done;
  }

  #place(service: string, name: string, version: number) {
    return { environment: this.#options.environment, service, name, version };
  }

  #where(service: string) {
    return { environment: this.#options.environment, service, file: this.#file(service) };
  }

  #file(service: string): string {
    return join(this.#options.directory, `${service}.json`);
  }

  #services(): string[] {
    return readdirSync(this.#options.directory)
      .filter((name) => name.endsWith(".json"))
      .map((name) => name.slice(0, -".json".length))
      .toSorted();
  }
}

/** The values that some version still names. */
function inUse(
  values: SecretFile["values"],
  versions: readonly SecretsVersion[],
): SecretFile["values"] {
  const kept = Object.entries(values).map(([name, sealed]) => {
    const used = new Set(versions.map(({ secrets }) => String(secrets[name])));
    return [
      name,
      Object.fromEntries(Object.entries(sealed).filter(([since]) => used.has(since))),
    ] as const;
  });
  return Object.fromEntries(kept.filter(([, sealed]) => Object.keys(sealed).length > 0));
}

/** What is larger than any that we wrote is not read, and refused as no file of ours. */
function textOf(file: string): string | undefined {
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  return size > largestSecretFile ? "" : readText(file);
}

function putBack({ file, service }: { file: string; service: string }): KerfError {
  return new KerfError("invalid_configuration", {
    message: `The secrets of ${service} are older than the newest that were set: ${file}`,
    why: "Somebody put an older file in the place of the newest one; with it, secrets that were withdrawn would be used again.",
    fix: `Put the newest file back, or delete it and set the secrets again: kerf secrets set ${service} NAME`,
  });
}
