// The one place that makes X.509 certificates. Loaded by platforms that place programs on TCP, and by no other: the library below is large.
import "reflect-metadata";
import { createPrivateKey, randomBytes, webcrypto } from "node:crypto";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  type Extension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  Pkcs10CertificateRequest,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";
import { KerfError } from "@kerf/kernel";

const curve = { name: "ECDSA", namedCurve: "P-256" };
const signing = { name: "ECDSA", hash: "SHA-256" };
/** Milliseconds by which a certificate is valid before it was made: clocks of machines differ. */
const skewMs = 5 * 60_000;

/** A certificate authority: its certificate, and the key that must not leave the platform. */
export interface AuthorityKey {
  /** Private key, JWK (P-256); a secret. */
  readonly key: webcrypto.JsonWebKey;
  /** PEM. */
  readonly certificate: string;
  /** Milliseconds since 1970-01-01 UTC. */
  readonly madeAt: number;
  readonly expiresAt: number;
}

/** Makes an authority for `environment` that is valid for `lifeMs` from `now` (wall clock). */
export async function makeAuthority(
  environment: string,
  now: number,
  lifeMs: number,
): Promise<AuthorityKey> {
  const keys = await webcrypto.subtle.generateKey(curve, true, ["sign", "verify"]);
  const serialNumber = serial();
  const expiresAt = wholeSecond(now + lifeMs);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    keys,
    // A name of its own, so that nobody takes an authority for its successor.
    name: `CN=Kerf authority ${serialNumber.slice(0, 8)}, O=${environment}`,
    serialNumber,
    notBefore: new Date(now - skewMs),
    notAfter: new Date(expiresAt),
    signingAlgorithm: signing,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      new SubjectAlternativeNameExtension([{ type: "url", value: `spiffe://${environment}` }]),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  const key = await webcrypto.subtle.exportKey("jwk", keys.privateKey);
  return { key, certificate: certificate.toString("pem"), madeAt: now, expiresAt };
}

/** How long a certificate that stands in for another one holds: longer than anybody waits. */
const placeholderMs = 10 * 365 * 86_400_000;

/** A certificate for a host name that nobody vouches for, and its key; both PEM. */
export async function makePlaceholder(
  domain: string,
  now: number,
): Promise<{ chain: string; key: string }> {
  const keys = await webcrypto.subtle.generateKey(curve, true, ["sign", "verify"]);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    keys,
    // Names of subjects end at 64 characters; clients look at the other one.
    name: "CN=Not issued yet",
    serialNumber: serial(),
    notBefore: new Date(now - skewMs),
    notAfter: new Date(wholeSecond(now + placeholderMs)),
    signingAlgorithm: signing,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension([{ type: "dns", value: domain }]),
    ],
  });
  const der = await webcrypto.subtle.exportKey("pkcs8", keys.privateKey);
  const key = createPrivateKey({ key: Buffer.from(der), format: "der", type: "pkcs8" });
  return {
    chain: certificate.toString("pem"),
    key: key.export({ type: "pkcs8", format: "pem" }) as string,
  };
}

/** What a certificate is made from. */
export interface Issue {
  readonly authority: AuthorityKey;
  /** PKCS #10, PEM. */
  readonly request: string;
  /** The SPIFFE id that the requester has; the request must be for exactly that. */
  readonly id: string;
  readonly now: number;
  readonly lifeMs: number;
}

/** Makes an X.509-SVID for the key in `request`. Throws `invalid_input` when that is no request for `id`, signed by its own key. */
export async function issueCertificate(issue: Issue): Promise<string> {
  const { authority, id, now } = issue;
  const request = await readRequest(issue.request, id);
  const issuer = new X509Certificate(authority.certificate);
  const signingKey = await webcrypto.subtle.importKey("jwk", authority.key, curve, false, ["sign"]);
  const certificate = await X509CertificateGenerator.create({
    publicKey: request.publicKey,
    signingKey,
    issuer: issuer.subject,
    serialNumber: serial(),
    notBefore: new Date(now - skewMs),
    notAfter: new Date(Math.min(wholeSecond(now + issue.lifeMs), authority.expiresAt)),
    signingAlgorithm: signing,
    extensions: leafExtensions(id, await AuthorityKeyIdentifierExtension.create(issuer.publicKey)),
  });
  return certificate.toString("pem");
}

function leafExtensions(id: string, authority: Extension): Extension[] {
  return [
    new BasicConstraintsExtension(false, undefined, true),
    new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
    new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth, ExtendedKeyUsage.serverAuth]),
    // Critical, since there is no subject (RFC 5280, 4.2.1.6).
    new SubjectAlternativeNameExtension([{ type: "url", value: id }], true),
    authority,
  ];
}

async function readRequest(pem: string, id: string): Promise<Pkcs10CertificateRequest> {
  let request: Pkcs10CertificateRequest;
  let isSigned: boolean;
  try {
    request = new Pkcs10CertificateRequest(pem);
    isSigned = await request.verify();
  } catch (cause) {
    throw refused("It cannot be read.", cause);
  }
  if (!isSigned) throw refused("It is not signed by the key that it is for.");
  const { name, namedCurve } = request.publicKey.algorithm as { name: string; namedCurve?: string };
  if (name !== curve.name || namedCurve !== curve.namedCurve)
    throw refused("Its key is not of the curve P-256.");
  const extension = request.extensions.find(
    (one) => one instanceof SubjectAlternativeNameExtension,
  );
  const names = extension?.names.toJSON() ?? [];
  const [only] = names;
  if (names.length !== 1 || only?.type !== "url" || only.value !== id) {
    const asked = names.map((one) => one.value).join(", ");
    throw refused(`It asks for ${asked === "" ? "no name" : asked}, and comes from ${id}.`);
  }
  return request;
}

function refused(why: string, cause?: unknown): KerfError {
  return new KerfError("invalid_input", {
    message: `A request for a certificate was refused. ${why}`,
    fix: "A program asks for the unit that it was started as; restart it: kerf restart UNIT",
    cause,
  });
}

/** 126 random bits; RFC 5280 wants a positive number of at most 20 bytes. */
function serial(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] as number) & 0x3f) | 0x40;
  return bytes.toString("hex");
}

/** Certificates know whole seconds; later rather than earlier, so that a short life is not cut by up to one. */
function wholeSecond(ms: number): number {
  return Math.ceil(ms / 1_000) * 1_000;
}
