import { X509Certificate } from "node:crypto";
import type { PeerCertificate } from "node:tls";
import { parseSpiffeId, spiffeIdOf, type WorkloadIdentity } from "@kerf/call";
import { KerfError } from "@kerf/kernel";
import type { TlsFiles } from "./tls.ts";

/** Mutual TLS with a unit of this environment: our certificate as it is when a connection is made, and the unit's instead of a host's name. */
export class UnitTls implements TlsFiles {
  readonly minVersion = "TLSv1.3";
  declare readonly cert: string;
  declare readonly key: string;
  declare readonly ca: string[];
  readonly checkServerIdentity: (host: string, certificate: PeerCertificate) => Error | undefined;
  /** Two of the same unit are the same, whatever the certificate is by now. */
  readonly toJSON: () => object;

  constructor(unit: string, identity: (() => WorkloadIdentity | undefined) | undefined) {
    const own = (): WorkloadIdentity => {
      const known = identity?.();
      if (known !== undefined) return known;
      throw new KerfError("unavailable", {
        message: `This program has no certificate to show to ${unit}.`,
        why: "Programs of this environment talk over Unix sockets.",
        fix: "Start the platform with --runtime docker or --network tcp.",
      });
    };
    // Whoever connects copies what is its own: read at that moment, so that a renewed certificate is used at once.
    const define = (name: "ca" | "cert" | "key", get: () => unknown): void =>
      void Object.defineProperty(this, name, { get, enumerable: true });
    define("cert", () => own().credentials.certificate);
    define("key", () => own().credentials.key);
    define("ca", () => [...own().authorities]);
    this.checkServerIdentity = (_host, { raw }) => mismatch(raw, own().environment, unit);
    this.toJSON = () => ({ unit });
  }
}

/** What is wrong with a certificate whose authority is ours; undefined when it names the unit. */
function mismatch(raw: Buffer, environment: string, unit: string): Error | undefined {
  const id = spiffeIdOf(new X509Certificate(raw));
  const named = id === undefined ? undefined : parseSpiffeId(id);
  if (named?.environment === environment && named.unit === unit) return undefined;
  return new Error(`${id ?? "Whoever has no name"} answers where the placement has ${unit}.`);
}
