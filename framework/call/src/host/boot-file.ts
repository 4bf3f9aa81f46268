import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname, resolve } from "node:path";
import { KerfError } from "@kerf/kernel";
import type {
  Boot,
  BrokerBoot,
  DatabaseBoot,
  MigrationBoot,
  PublicKey,
  RedisBoot,
  SelfContainedBoot,
  SettingsBoot,
  Snapshot,
} from "../placement.ts";

/** Names a file with the boot document, for programs that are not started with a descriptor: in a container, by systemd. */
export const bootFileVariable = "KERF_BOOT_FILE";

/** Longest file of a secret, bytes: a key, a URL, a password. */
const maxSecretBytes = 65_536;

/** Where what a boot document names by a relative path lies. */
export interface BootFolders {
  /** Of secrets, certificates and the app's module. */
  readonly secrets: string;
  /** Of what programs on one machine share while they run. */
  readonly run: string;
}

/** The folders that systemd gives a program, where it does (`LoadCredential=`, `RuntimeDirectory=`), else that of its boot document. */
export function bootFolders(
  file: string | undefined,
  environment: NodeJS.ProcessEnv = process.env,
): BootFolders {
  const beside = dirname(resolve(file ?? "."));
  return {
    secrets: environment["CREDENTIALS_DIRECTORY"] ?? beside,
    run: environment["RUNTIME_DIRECTORY"] ?? beside,
  };
}

/** A boot document without a platform, as it lies in a file: data that may be read by all, with the names of files that hold its secrets. */
export interface BootFile extends Omit<
  SelfContainedBoot,
  | "appModule"
  | "instance"
  | "databases"
  | "redis"
  | "settings"
  | "broker"
  | "keys"
  | "placement"
  | "migrate"
  | "checked"
  | "logLevel"
  | "platform"
  | "telemetryStore"
> {
  /** The version of this form. */
  readonly format: 1;
  readonly appModule?: string | undefined;
  /** Default: the machine's name, which is a pod's or a container's, with something drawn for each start. */
  readonly instance?: string | undefined;
  /** By service: a file with its URL (`postgres://orders_app:…@host/orders`), and the connections that one instance may hold. */
  readonly databases: Readonly<
    Record<string, { readonly urlFile: string; readonly connections: number }>
  >;
  /** By service: a file with its URL (`redis://orders:…@host:6379`). */
  readonly redis?: Readonly<Record<string, { readonly urlFile: string }>> | undefined;
  /** By service: its configuration, and for each of its secrets a file. */
  readonly settings?:
    | Readonly<
        Record<
          string,
          {
            readonly config: Readonly<Record<string, unknown>>;
            readonly secretFiles: Readonly<Record<string, string>>;
          }
        >
      >
    | undefined;
  /** Its URL, or a file that says who we are to it as well, as `--broker FILE` takes one. */
  readonly broker?: { readonly url: string } | { readonly urlFile: string } | undefined;
  /** Files of keys as JWK (`principal`, `issuer`: private, for those that sign), and of what others' signatures are checked with (JWK sets). */
  readonly keyFiles: {
    readonly principal?: string | undefined;
    readonly issuer?: string | undefined;
    readonly principalSet?: string | undefined;
    readonly issuerSet?: string | undefined;
  };
  readonly placement: Omit<Snapshot, "epoch" | "generation" | "principalKeys" | "issuerKeys">;
  /** By service: files with the URLs of {@link MigrationBoot}. */
  readonly migrate?:
    | Readonly<Record<string, { readonly [K in keyof MigrationBoot as `${K}UrlFile`]: string }>>
    | undefined;
  readonly checked?: boolean | undefined;
  readonly logLevel?: Boot["logLevel"] | undefined;
}

type Read<T> = (text: string) => T | Promise<T>;

/** What secrets of a document mean, which other parts of the framework know; both throw `invalid_configuration`. */
export interface SecretReaders {
  /** A URL of PostgreSQL as a place to connect to. A gateway has none. */
  readonly databaseOf?: Read<Omit<DatabaseBoot, "connections">> | undefined;
  /** A URL of Redis as the place of a service's keys. */
  readonly redisOf?: ((text: string, service: string) => Promise<RedisBoot>) | undefined;
  /** A file with a broker's URL. */
  readonly brokerOf?: Read<BrokerBoot> | undefined;
}

/** Makes of a document in a file what a program starts from: its secrets are read now. Throws what is wrong with it. */
export async function bootOfFile(
  document: BootFile,
  { brokerOf, databaseOf, redisOf }: SecretReaders,
  folders: BootFolders,
): Promise<SelfContainedBoot> {
  const { broker, certificates, checked, databases, handover, keyFiles, ...others } = document;
  const { logLevel, migrate, placement, redis, settings, ...rest } = others;
  const path = (name: string): string => resolve(folders.secrets, name);
  const { key, keySet, secret } = secretFiles(path);
  const [principal, issuer, principalKeys, issuerKeys] = await Promise.all([
    key(keyFiles.principal),
    key(keyFiles.issuer),
    keySet(keyFiles.principalSet),
    keySet(keyFiles.issuerSet),
  ]);
  return {
    ...rest,
    appModule: document.appModule === undefined ? "/" : path(document.appModule),
    // Never the one of before: a container that starts again in the same pod is another program.
    instance: document.instance ?? `${hostname()}-${randomBytes(3).toString("hex")}`,
    databases: await mapValues(databases, async ({ urlFile, connections }, service) => {
      if (databaseOf === undefined) throw new Error(`databases.${service}: a gateway has none`);
      return { ...(await databaseOf(await secret(urlFile))), connections };
    }),
    ...(redis === undefined
      ? undefined
      : {
          redis: await mapValues(redis, async ({ urlFile }, service) => {
            if (redisOf === undefined) throw new Error(`redis.${service}: this program has none`);
            return redisOf(await secret(urlFile), service);
          }),
        }),
    ...(settings === undefined
      ? undefined
      : {
          settings: await mapValues(
            settings,
            async ({ config, secretFiles }): Promise<SettingsBoot> => ({
              config,
              secrets: await mapValues(secretFiles, secret),
              version: { config: 0, secrets: 0 },
            }),
          ),
        }),
    ...(broker === undefined ? undefined : { broker: await placeOf(broker, secret, brokerOf) }),
    ...(certificates === undefined
      ? undefined
      : {
          certificates: {
            key: path(certificates.key),
            certificate: path(certificates.certificate),
            authority: path(certificates.authority),
          },
        }),
    ...(handover === undefined ? undefined : { handover: resolve(folders.run, handover) }),
    keys: {
      ...(principal === undefined ? undefined : { principal }),
      ...(issuer === undefined ? undefined : { issuer }),
    },
    placement: { ...placement, epoch: 1, generation: 1, principalKeys, issuerKeys },
    ...(migrate === undefined
      ? undefined
      : {
          migrate: await mapValues(
            migrate,
            async ({ adminUrlFile, appUrlFile, ownerUrlFile }): Promise<MigrationBoot> => ({
              owner: await secret(ownerUrlFile),
              ...(appUrlFile === undefined ? undefined : { app: await secret(appUrlFile) }),
              ...(adminUrlFile === undefined ? undefined : { admin: await secret(adminUrlFile) }),
            }),
          ),
        }),
    checked: checked ?? false,
    logLevel: logLevel ?? "info",
  };
}

async function placeOf(
  broker: NonNullable<BootFile["broker"]>,
  secret: (name: string) => Promise<string>,
  brokerOf: SecretReaders["brokerOf"],
): Promise<BrokerBoot> {
  if ("url" in broker) return broker;
  if (brokerOf === undefined) throw new Error("broker: this program has none");
  return brokerOf(await secret(broker.urlFile));
}

/** Reads files of secrets by the names that the document has for them. */
function secretFiles(pathOf: (name: string) => string) {
  const secret = async (name: string): Promise<string> => {
    const text = await readSecret(pathOf(name));
    if (text.length > maxSecretBytes) throw new Error(`${name} is larger than a secret can be`);
    return text.trim();
  };
  const secretJson = async (name: string): Promise<Record<string, unknown>> => {
    try {
      const value = JSON.parse(await secret(name)) as Record<string, unknown> | null;
      if (typeof value === "object" && value !== null) return value;
    } catch (cause) {
      if (!(cause instanceof SyntaxError)) throw cause;
      // Its message would quote what stands there.
    }
    throw new Error(`${name} is not JSON`);
  };
  const key = async (name: string | undefined): Promise<Record<string, unknown> | undefined> => {
    if (name === undefined) return undefined;
    const jwk = await secretJson(name);
    if (jwk["crv"] === "Ed25519" && typeof jwk["d"] === "string" && typeof jwk["kid"] === "string")
      return jwk;
    throw new Error(`${name} is no Ed25519 key with a kid`);
  };
  const keySet = async (name: string | undefined): Promise<readonly PublicKey[]> => {
    if (name === undefined) return [];
    const { keys } = (await secretJson(name)) as { keys?: readonly PublicKey[] };
    if (Array.isArray(keys) && keys.every(({ kid }) => typeof kid === "string")) return keys;
    throw new Error(`${name} is no set of keys (RFC 7517)`);
  };
  return { secret, key, keySet };
}

async function readSecret(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw new KerfError("invalid_configuration", {
      message: `A file that the boot document names cannot be read: ${file}`,
      why: (cause as Error).message,
      fix: "Mount it, readable by the user that the program runs as.",
      cause,
    });
  }
}

async function mapValues<T, R>(
  record: Readonly<Record<string, T>>,
  make: (value: T, name: string) => Promise<R>,
): Promise<Record<string, R>> {
  const made = Object.entries(record).map(async ([name, value]): Promise<[string, R]> => [
    name,
    await make(value, name),
  ]);
  return Object.fromEntries(await Promise.all(made));
}
