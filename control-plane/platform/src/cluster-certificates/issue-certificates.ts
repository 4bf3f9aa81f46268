import { createPrivateKey, X509Certificate } from "node:crypto";
import { createCertificateRequest, spiffeId, spiffeIdOf } from "@kerf/call";
import { type Clock, KerfError } from "@kerf/kernel";
import type { Logger } from "@kerf/telemetry";
import { certificateFiles } from "../exports/exported-boot.ts";
import { areAuthorityKeys, signingKey, turned } from "../resources/authority-keys.ts";
import type { CertificateLives } from "../resources/certificate-lives.ts";
import { type AuthorityKey, issueCertificate } from "../resources/certificates.ts";
import type { KeptSecret, Secrets } from "./secrets.ts";

/**
 * How much of its life a certificate has behind it when the next one is made: 9 of 24 hours. Programs look for it after 45 % at the earliest, and runs are an hour
 * apart.
 */
const renewedAfter = 3 / 8;
/** What the Secret of the authorities has them under. */
const authoritiesKey = "authorities.json";

/** What one run sees to. */
export interface IssueOrder {
  readonly environment: string;
  /** The Secret of the authorities. */
  readonly authority: string;
  /** The Secrets of programs, by their units. */
  readonly identities: Readonly<Record<string, string>>;
  readonly lives: CertificateLives;
}

/** What a run did. */
export interface IssueReport {
  /** Units that got a new key and certificate. */
  readonly issued: readonly string[];
  /** Those that were only told of other authorities. */
  readonly told: readonly string[];
}

/** What a run needs around it. */
export interface IssueSurroundings {
  readonly clock: Clock;
  readonly log: Logger;
  readonly secrets: Secrets;
}

/**
 * Gives every program a key and a certificate for its own identity, where it has none or an old one, and tells all of them whose certificates to accept. A run may be killed
 * anywhere: the next one goes on. Sees to all before it throws what went wrong with the first.
 */
export async function issueCertificates(
  order: IssueOrder,
  around: IssueSurroundings,
): Promise<IssueReport> {
  const { environment, identities, lives } = order;
  const { log, secrets } = around;
  const now = around.clock.wall();
  const keys = await authoritiesOf(order, around, now);
  const trusted = keys.map(({ certificate }) => `${certificate.trimEnd()}\n`);
  const authority = signingKey(keys, lives, now);
  const issued: string[] = [];
  const told: string[] = [];
  const failures: unknown[] = [];
  for (const [unit, name] of Object.entries(identities)) {
    try {
      const secret = await secrets.read(name);
      const id = spiffeId(environment, unit);
      const isOld = !isFresh(secret, { id, lives, now, trusted });
      if (!isOld && secret.data[certificateFiles.authority] === trusted.join("")) continue;
      const made = isOld ? await credentials(id, { authority, lives, now }) : {};
      // At once: who reads the three files finds what belongs together.
      const data = { ...made, [certificateFiles.authority]: trusted.join("") };
      await secrets.write(name, data, secret);
      (isOld ? issued : told).push(unit);
    } catch (error) {
      log.error("A program got no certificate; the next run tries again.", { unit, name, error });
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
  return { issued, told };
}

/** The authorities, with what is due of them done and written down before anything is signed. */
async function authoritiesOf(
  { authority: name, environment, lives }: IssueOrder,
  { log, secrets }: IssueSurroundings,
  now: number,
): Promise<readonly AuthorityKey[]> {
  const secret = await secrets.read(name);
  const before = authoritiesIn(secret, name);
  const keys = await turned(before, { environment, lives, now });
  if (keys !== before) {
    await secrets.write(name, { [authoritiesKey]: JSON.stringify(keys) }, secret);
    log.info("The certificate authorities are others now.", { environment, count: keys.length });
  }
  return keys;
}

function authoritiesIn({ data }: KeptSecret, name: string): readonly AuthorityKey[] {
  const text = data[authoritiesKey];
  if (text === undefined) return [];
  try {
    const kept: unknown = JSON.parse(text);
    if (areAuthorityKeys(kept)) return kept;
  } catch {
    // The parser would quote what stands there.
  }
  throw new KerfError("invalid_configuration", {
    message: `The Secret ${name} holds no certificate authority under ${authoritiesKey}.`,
    fix: "Put back what it had. Or take the key away: a new authority is made then, and programs do not accept each other until all have seen it.",
  });
}

interface Wanted {
  readonly id: string;
  readonly lives: CertificateLives;
  readonly now: number;
  readonly trusted: readonly string[];
}

/** Whether a Secret holds a certificate that goes on for long enough: for this identity, with its key, by an authority that is trusted. */
function isFresh({ data }: KeptSecret, { id, lives, now, trusted }: Wanted): boolean {
  const { [certificateFiles.certificate]: certificate, [certificateFiles.key]: key } = data;
  if (certificate === undefined || key === undefined) return false;
  try {
    const read = new X509Certificate(certificate);
    const leftMs = read.validToDate.getTime() - now;
    return (
      leftMs > lives.certificateMs * (1 - renewedAfter) &&
      spiffeIdOf(read) === id &&
      read.checkPrivateKey(createPrivateKey(key)) &&
      trusted.some((one) => read.verify(new X509Certificate(one).publicKey))
    );
  } catch {
    // Whatever it is, it is replaced.
    return false;
  }
}

async function credentials(
  id: string,
  { authority, lives, now }: { authority: AuthorityKey; lives: CertificateLives; now: number },
): Promise<Record<string, string>> {
  const { key, request } = await createCertificateRequest(id);
  const issue = { authority, request, id, now, lifeMs: lives.certificateMs };
  return {
    [certificateFiles.key]: key,
    [certificateFiles.certificate]: await issueCertificate(issue),
  };
}
