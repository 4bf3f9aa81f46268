import { generateKeyPair, sign } from "node:crypto";
import { promisify } from "node:util";
import { der, tags } from "./der.ts";

/** A private key that nobody else has, and what asks for a certificate for it. */
export interface CertificateRequest {
  /** P-256, PKCS #8, PEM; a secret that stays in this process. */
  readonly key: string;
  /** PKCS #10, PEM. */
  readonly request: string;
}

// Object identifiers, ready encoded with tag and length.
const ecdsaWithSha256 = Buffer.from("06082a8648ce3d040302", "hex");
const extensionRequest = Buffer.from("06092a864886f70d01090e", "hex");
const subjectAltName = Buffer.from("0603551d11", "hex");

const generate = promisify(generateKeyPair);

/**
 * Makes a key pair and a request (RFC 2986) for a certificate with the SPIFFE id `id`. Ours instead of an X.509 library's: every program of
 * an app makes one, this is the only form that it ever has, and the libraries put 15 MB and a global polyfill into each.
 */
export async function createCertificateRequest(id: string): Promise<CertificateRequest> {
  const { publicKey, privateKey } = await generate("ec", { namedCurve: "P-256" });
  const { sequence, set, integer, octetString, bitString, attributes, uri } = tags;
  const names = der(sequence, der(uri, Buffer.from(id, "ascii")));
  const extensions = der(sequence, der(sequence, subjectAltName, der(octetString, names)));
  const info = der(
    sequence,
    der(integer, Buffer.of(0)),
    der(sequence), // No subject: the id says it all.
    publicKey.export({ type: "spki", format: "der" }),
    der(attributes, der(sequence, extensionRequest, der(set, extensions))),
  );
  const signature = sign("sha256", info, privateKey);
  const signed = der(
    sequence,
    info,
    der(sequence, ecdsaWithSha256),
    der(bitString, Buffer.of(0), signature),
  );
  return {
    key: privateKey.export({ type: "pkcs8", format: "pem" }),
    request: pem("CERTIFICATE REQUEST", signed),
  };
}

function pem(label: string, bytes: Buffer): string {
  const lines = bytes.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}
