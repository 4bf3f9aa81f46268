import { unknownFields, textProblems } from "./authentication/fields.ts";
import type { GatewaySettings } from "./settings.ts";

/** How a gateway proves itself to its clients. Files are PEM, seen from the app's module, and read again when they change. */
export interface GatewayTls {
  /** The certificate, and after it those between it and its authority. */
  readonly certFile: string;
  /** Its private key; readable by its owner only. */
  readonly keyFile: string;
  /** Default `TLSv1.2` (RFC 9325: nothing older; Mozilla's intermediate configuration). */
  readonly minVersion?: "TLSv1.2" | "TLSv1.3";
}

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
  const { certFile, keyFile, minVersion } = tls;
  problems.push(
    ...unknownFields(tls, ["certFile", "keyFile", "minVersion"], "tls."),
    ...textProblems("tls.certFile", certFile),
    ...textProblems("tls.keyFile", keyFile),
  );
  if (minVersion !== undefined && minVersion !== "TLSv1.2" && minVersion !== "TLSv1.3")
    problems.push(
      `tls.minVersion: ${JSON.stringify(minVersion)} is neither "TLSv1.2" nor "TLSv1.3"`,
    );
  return problems;
}
