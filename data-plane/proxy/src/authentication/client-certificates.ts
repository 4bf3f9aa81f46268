import { X509Certificate } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { type DetailedPeerCertificate, TLSSocket } from "node:tls";
import type { Clock } from "@kerf/kernel";
import { type Method, principalOf, type Proven, refused } from "./method.ts";
import type { WatchedFile } from "./watched-file.ts";

/** Longest chain from a certificate to its authority. */
const maxChain = 8;
const fix = "Connect with a certificate of an authority that this gateway trusts.";

interface Checked {
  readonly authorities: readonly X509Certificate[];
  readonly proven: Proven;
  /** Milliseconds since 1970-01-01 UTC. */
  readonly until: number;
}

/** Whose certificates hold, and what of one names its holder. */
export interface ClientCertificatesSetting {
  readonly authorities: WatchedFile<readonly X509Certificate[]>;
  readonly subject: "uri" | "commonName";
  readonly prefix: string | undefined;
  readonly clock: Clock;
}

/** Reads the authorities of a PEM file. @throws Error when there is none */
export function readAuthorities(pem: string): readonly X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) throw new Error("It holds no certificate in PEM.");
  return blocks.map((block) => new X509Certificate(block));
}

/**
 * Programs by the certificates of their TLS connections. OpenSSL has checked the chain, the times and the purpose; here it is
 * checked that the chain ends at one of the authorities of the settings, since a server that was given none trusts all public ones.
 */
export class ClientCertificates implements Method {
  readonly name = "clientCertificates";
  readonly hint = "Connect with a client certificate.";
  readonly #options: ClientCertificatesSetting;
  /** A connection keeps its certificate for as long as it lives. */
  readonly #checked = new WeakMap<TLSSocket, Checked>();

  constructor(options: ClientCertificatesSetting) {
    this.#options = options;
  }

  brings({ socket }: IncomingMessage): boolean {
    return socket instanceof TLSSocket && socket.getPeerX509Certificate() !== undefined;
  }

  async prove(request: IncomingMessage): Promise<Proven> {
    const socket = request.socket as TLSSocket;
    const authorities = await this.#options.authorities.current();
    let checked = this.#checked.get(socket);
    if (checked?.authorities !== authorities) {
      checked = this.#check(socket, authorities);
      this.#checked.set(socket, checked);
    }
    if (this.#options.clock.wall() >= checked.until)
      throw refused("The client certificate has expired.", fix);
    return checked.proven;
  }

  #check(socket: TLSSocket, authorities: readonly X509Certificate[]): Checked {
    const certificate = socket.getPeerX509Certificate();
    if (!socket.authorized || certificate === undefined || !leadsTo(socket, authorities))
      throw refused("The client certificate is not of an authority that is trusted here.", fix);
    const subject = subjectOf(certificate, this.#options.subject);
    if (subject === undefined) {
      throw refused(
        `The client certificate names nobody: it has no ${this.#options.subject === "uri" ? "one URI among its alternative names" : "one common name"}.`,
        fix,
      );
    }
    return {
      authorities,
      proven: { principal: principalOf(subject, {}, this.#options.prefix), ambient: true },
      until: Date.parse(certificate.validTo),
    };
  }
}

function leadsTo(socket: TLSSocket, authorities: readonly X509Certificate[]): boolean {
  let link: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true);
  for (let depth = 0; depth < maxChain && link?.raw !== undefined; depth++) {
    const certificate = new X509Certificate(link.raw);
    if (authorities.some((one) => one.raw.equals(certificate.raw) || signs(one, certificate)))
      return true;
    const issuer: DetailedPeerCertificate | undefined = link.issuerCertificate;
    if (issuer?.raw === undefined || !signs(new X509Certificate(issuer.raw), certificate))
      return false;
    link = issuer;
  }
  return false;
}

function signs(authority: X509Certificate, certificate: X509Certificate): boolean {
  return (
    authority.ca && certificate.checkIssued(authority) && certificate.verify(authority.publicKey)
  );
}

function subjectOf(certificate: X509Certificate, from: "uri" | "commonName"): string | undefined {
  // Names that Node has to quote hold characters that no plain one needs.
  const names =
    from === "uri"
      ? (certificate.subjectAltName ?? "").split(", ").filter((name) => name.startsWith("URI:"))
      : certificate.subject.split("\n").filter((name) => name.startsWith("CN="));
  if (names.length !== 1) return undefined;
  const name = (names[0] as string).slice(from === "uri" ? 4 : 3);
  return /^[\x21-\x7e]{1,512}$/.test(name) && !/["\\,+]/.test(name) ? name : undefined;
}
