import { X509Certificate } from "node:crypto";
import { chmod, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { createCertificateRequest, spiffeId } from "@kerf/call";
import { KerfError } from "@kerf/kernel";
import type { AppManifest } from "@kerf/service";
import {
  type AuthorityKey,
  issueCertificate,
  makeAuthority,
} from "../../resources/certificates.ts";
import { readSecretUrl } from "../../resources/secret-file.ts";
import { drawnSecrets, serverUrlOf } from "../drawn-secrets.ts";
import { certificateFiles, secretNames } from "../exported-boot.ts";
import { existing, replace } from "../write-files.ts";
import type { MachineOptions } from "./machine-options.ts";
import type { MachineProgram, SystemdExport } from "./systemd-export.ts";

const dayMs = 86_400_000;
/**
 * How long certificates hold, milliseconds. Machines get new ones by a deploy and by nothing else, so that a year must pass without any before one ends; what is
 * stolen is worth nothing without a way into the network of the machines.
 */
export const certificateLifeMs = 365 * dayMs;
const authorityLifeMs = 10 * certificateLifeMs;
/** The key that certificates are signed with. It stays here, and goes to no machine. */
const authorityFile = "authority.json";

const keyPairs = [
  [secretNames.principal, secretNames.principalSet],
  [secretNames.issuer, secretNames.issuerSet],
];

/** Secrets of an app by their names; empty where only others know them. */
export type MachineSecrets = ReadonlyMap<string, string>;

/**
 * Reads the secrets of an export from its folder, after those that are missing were drawn: keys, passwords, certificates. What is there stays, but for certificates
 * that have less than half of their life left. Throws `invalid_configuration`.
 */
export async function machineSecrets(
  out: string,
  app: AppManifest,
  { programs }: SystemdExport,
  options: MachineOptions,
  now: number,
): Promise<{ secrets: MachineSecrets; written: readonly string[] }> {
  const folder = join(out, "secrets");
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await chmod(folder, 0o700);
  await replace(join(folder, ".gitignore"), "*\n", 0o644);
  const secrets = new Map<string, string>();
  const written: string[] = [];
  const keep = async (name: string, text: string): Promise<void> => {
    const path = join(folder, name);
    await replace(path, text, 0o600);
    written.push(path);
    secrets.set(name, text);
  };
  const wanted = new Set(programs.flatMap((one) => [...one.secrets, ...one.migrationSecrets]));
  for (const name of wanted) {
    const text = await existing(join(folder, name));
    if (text !== undefined) secrets.set(name, text);
  }
  // A key and what it is checked with are drawn together, also when the last export was killed between the two.
  for (const pair of keyPairs) {
    const needed = pair.filter((name) => wanted.has(name));
    if (needed.some((name) => !secrets.has(name))) for (const name of needed) secrets.delete(name);
  }
  const admins = await administrators(app, secrets, options);
  const drawn = drawnSecrets(app, (server) => serverUrlOf(admins.get(server) as string));
  for (const [server, url] of admins) drawn[secretNames.admin(server)] = url;
  const { brokerLogin } = options;
  if (brokerLogin !== undefined && wanted.has(secretNames.broker))
    if (secrets.get(secretNames.broker) !== brokerLogin)
      await keep(secretNames.broker, brokerLogin);
  for (const name of wanted) {
    if (secrets.has(name) || name.startsWith("certificates/")) continue;
    await keep(name, drawn[name] ?? "");
  }
  const authority = await authorityIn(folder, options.environment, now);
  for (const program of programs)
    await certify(program, authority, secrets, { environment: options.environment, keep, now });
  return { secrets, written };
}

/** The URLs of administrators: as they were kept, or as the app or the command names their files. */
async function administrators(
  app: AppManifest,
  secrets: MachineSecrets,
  { servers }: MachineOptions,
): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const { database } of app.services) {
    if (database === undefined || found.has(database.server)) continue;
    const { server } = database;
    const kept = secrets.get(secretNames.admin(server))?.trim();
    const file = servers[server] ?? app.servers[server]?.urlFile;
    if (file !== undefined) found.set(server, await readSecretUrl(file, `the server ${server}`));
    else if (kept !== undefined && kept !== "") found.set(server, kept);
    else
      throw new KerfError("invalid_configuration", {
        message: `Nothing says where the server ${server} of the databases is.`,
        fix: `Write the URL of its administrator into a file, mode 0600: --server ${server}=FILE`,
      });
  }
  return found;
}

async function authorityIn(
  folder: string,
  environment: string,
  now: number,
): Promise<AuthorityKey> {
  const path = join(folder, authorityFile);
  const text = await existing(path);
  if (text !== undefined) return JSON.parse(text) as AuthorityKey;
  const made = await makeAuthority(environment, now, authorityLifeMs);
  await replace(path, JSON.stringify(made), 0o600);
  return made;
}

/** Gives a program a certificate for its own identity, unless it has one that goes on for long enough. */
async function certify(
  { program: { name, unit } }: MachineProgram,
  authority: AuthorityKey,
  secrets: MachineSecrets,
  {
    environment,
    keep,
    now,
  }: {
    environment: string;
    keep: (name: string, text: string) => Promise<void>;
    now: number;
  },
): Promise<void> {
  const file = (each: keyof typeof certificateFiles): string =>
    `certificates/${name}/${certificateFiles[each]}`;
  const certificate = secrets.get(file("certificate"));
  const isWhole =
    secrets.has(file("key")) && secrets.get(file("authority")) === authority.certificate;
  if (isWhole && certificate !== undefined && endOf(certificate) - now > certificateLifeMs / 2)
    return;
  const id = spiffeId(environment, unit);
  const { key, request } = await createCertificateRequest(id);
  const issue = { authority, request, id, now, lifeMs: certificateLifeMs };
  // The key first: without its certificate it is drawn again.
  await keep(file("key"), key);
  await keep(file("authority"), authority.certificate);
  await keep(file("certificate"), await issueCertificate(issue));
}

/** When a certificate ends, milliseconds since 1970-01-01 UTC. */
function endOf(certificate: string): number {
  return Date.parse(new X509Certificate(certificate).validTo);
}
