import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { hostname } from "node:os";
import { KerfError } from "@kerf/kernel";
import type {
  Boot,
  DatabaseBoot,
  MigrationBoot,
  PublicKey,
  SelfContainedBoot,
  SettingsBoot,
  Snapshot,
} from "../placement.ts";

/** Names a file with the boot document, for programs that are not started with a descriptor: in a container, by systemd. */
export const bootFileVariable = "KERF_BOOT_FILE";

/** Longest file of a secret, bytes: a key, a URL, a password. */
const maxSecretBytes = 65_536;

/** A boot document without a platform, as it lies in a file: data that may be read by all, with the names of files that hold its secrets. */
export interface BootFile extends Omit<
  SelfContainedBoot,
  | "appModule"
  | "instance"
  | "databases"
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
  readonly broker?:
    | {
        readonly url: string;
        readonly userFile?: string | undefined;
        readonly passwordFile?: string | undefined;
        readonly authorityFile?: string | undefined;
      }
    | undefined;
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

/** Reads a URL of PostgreSQL as a place to connect to. Throws `invalid_configuration`. */
export type ParseDatabaseUrl = (url: string) => Omit<DatabaseBoot, "connections">;

/** Makes of a document in a file what a program starts from: its secrets are read now. Throws what is wrong with it. */
export async function bootOfFile(
  document: BootFile,
  databaseOf: ParseDatabaseUrl | undefined,
): Promise<SelfContainedBoot> {
  const { broker, checked, databases, keyFiles, logLevel, migrate, placement, settings, ...rest } =
    document;
  const [principal, issuer, principalKeys, issuerKeys] = await Promise.all([
    key(keyFiles.principal),
    key(keyFiles.issuer),
    keySet(keyFiles.principalSet),
    keySet(keyFiles.issuerSet),
  ]);
  return {
    ...rest,
    appModule: document.appModule ?? "/",
    // Never the one of before: a container that starts again in the same pod is another program.
    instance: document.instance ?? `${hostname()}-${randomBytes(3).toString("hex")}`,
    databases: await mapValues(databases, async ({ urlFile, connections }, service) => {
      if (databaseOf === undefined) throw new Error(`databases.${service}: a gateway has none`);
      return { ...databaseOf(await secret(urlFile)), connections };
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
    ...(broker === undefined ? undefined : { broker: await brokerOf(broker) }),
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

async function brokerOf(file: NonNullable<BootFile["broker"]>): Promise<Boot["broker"]> {
  const { authorityFile, passwordFile, url, userFile } = file;
  const [user, password, authority] = await Promise.all(
    [userFile, passwordFile, authorityFile].map(async (each) => each && (await secret(each))),
  );
  return { url, user, password, authority };
}

async function key(file: string | undefined): Promise<Record<string, unknown> | undefined> {
  if (file === undefined) return undefined;
  const jwk = await secretJson(file);
  if (jwk["crv"] === "Ed25519" && typeof jwk["d"] === "string" && typeof jwk["kid"] === "string")
    return jwk;
  throw new Error(`${file} is no Ed25519 key with a kid`);
}

async function keySet(file: string | undefined): Promise<readonly PublicKey[]> {
  if (file === undefined) return [];
  const { keys } = (await secretJson(file)) as { keys?: readonly PublicKey[] };
  if (Array.isArray(keys) && keys.every(({ kid }) => typeof kid === "string")) return keys;
  throw new Error(`${file} is no set of keys (RFC 7517)`);
}

async function secretJson(file: string): Promise<Record<string, unknown>> {
  try {
    const value = JSON.parse(await secret(file)) as Record<string, unknown> | null;
    if (typeof value === "object" && value !== null) return value;
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    // Its message would quote what stands there.
  }
  throw new Error(`${file} is not JSON`);
}

async function secret(file: string): Promise<string> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (cause) {
    throw new KerfError("invalid_configuration", {
      message: `A file that the boot document names cannot be read: ${file}`,
      why: (cause as Error).message,
      fix: "Mount it, readable by the user that the program runs as.",
      cause,
    });
  }
  if (text.length > maxSecretBytes) throw new Error(`${file} is larger than a secret can be`);
  return text.trim();
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
