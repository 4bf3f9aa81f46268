import { type AcmeSettings, acmeProblems } from "./acme.ts";
import { unknownFields, textProblems } from "./authentication/fields.ts";
import type { GatewaySettings } from "./settings.ts";

/** A certificate for some of a gateway's names. */
export interface NamedCertificateFiles {
  /** In small letters: `shop.example`, or `*.shop.example` for every name with one label more. The certificate must be for each. */
  readonly serverNames: readonly string[];
  readonly certFile: string;
  readonly keyFile: string;
}

/** What holds wherever certificates come from. */
interface CommonTls {
  /** Default `TLSv1.2` (RFC 9325: nothing older; Mozilla's intermediate configuration). */
  readonly minVersion?: "TLSv1.2" | "TLSv1.3";
  /** Clients that ask for a name without a certificate: `default` (the default) serves the gateway's own, `refuse` ends the handshake. Who asks for no name is served. */
  readonly unknownNames?: "default" | "refuse";
}

/** Certificates in files of somebody else's. Files are PEM, seen from the app's module, and read again when they change. */
export interface FileTls extends CommonTls {
  /** The certificate, and after it those between it and its authority. */
  readonly certFile: string;
  /** Its private key; readable by its owner only. */
  readonly keyFile: string;
  /** Other certificates, for clients that ask for their names (SNI). All others, and who asks for none, get the one above. */
  readonly names?: readonly NamedCertificateFiles[];
  readonly acme?: undefined;
}

/** Certificates that the platform orders and renews. */
export interface AcmeTls extends CommonTls {
  readonly acme: AcmeSettings;
  readonly certFile?: undefined;
  readonly keyFile?: undefined;
  readonly names?: undefined;
}

/** How a gateway proves itself to its clients. */
export type GatewayTls = FileTls | AcmeTls;

/** Most certificates of one gateway beside its own: each costs every connection a look. */
const maxNamed = 100;
const serverName =
  /^(?=.{1,253}$)(?:\*\.)?[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/;

/** What is wrong with how clients connect. */
export function tlsProblems({ authentication, http2, tls }: GatewaySettings): string[] {
  const problems: string[] = [];
  if (http2 !== undefined && typeof http2 !== "boolean")
    problems.push(`http2: ${JSON.stringify(http2)} is neither true nor false`);
  if (tls === undefined) {
    if (authentication?.some(({ method }) => method === "clientCertificates") === true)
      problems.push(
        "authentication: clientCertificates needs tls: without it no client shows a certificate",
      );
    return problems;
  }
  const { minVersion, unknownNames } = tls;
  const common = ["minVersion", "unknownNames"];
  if (tls.acme !== undefined)
    problems.push(...unknownFields(tls, ["acme", ...common], "tls."), ...acmeProblems(tls.acme));
  else
    problems.push(
      ...unknownFields(tls, ["certFile", "keyFile", "names", ...common], "tls."),
      ...textProblems("tls.certFile", tls.certFile),
      ...textProblems("tls.keyFile", tls.keyFile),
      ...nameProblems(tls.names),
    );
  if (unknownNames !== undefined && unknownNames !== "default" && unknownNames !== "refuse")
    problems.push(
      `tls.unknownNames: ${JSON.stringify(unknownNames)} is neither "default" nor "refuse"`,
    );
  if (minVersion !== undefined && minVersion !== "TLSv1.2" && minVersion !== "TLSv1.3")
    problems.push(
      `tls.minVersion: ${JSON.stringify(minVersion)} is neither "TLSv1.2" nor "TLSv1.3"`,
    );
  return problems;
}

function nameProblems(names: FileTls["names"] = []): string[] {
  if (!Array.isArray(names) || names.length > maxNamed)
    return [`tls.names: must be a list of at most ${maxNamed} certificates`];
  const problems: string[] = [];
  const taken = new Set<string>();
  for (const [index, one] of (names as readonly NamedCertificateFiles[]).entries()) {
    const where = `tls.names[${index}]`;
    problems.push(
      ...unknownFields(one, ["serverNames", "certFile", "keyFile"], `${where}.`),
      ...textProblems(`${where}.certFile`, one.certFile),
      ...textProblems(`${where}.keyFile`, one.keyFile),
    );
    if (!Array.isArray(one.serverNames) || one.serverNames.length === 0)
      problems.push(`${where}.serverNames: names nothing that the certificate is for`);
    for (const name of one.serverNames ?? []) {
      if (!serverName.test(name))
        problems.push(
          `${where}.serverNames: ${JSON.stringify(name)} is no host name in small letters, nor "*." before one`,
        );
      else if (taken.has(name)) problems.push(`${where}.serverNames: ${name} comes twice`);
      taken.add(name);
    }
  }
  return problems;
}
