import { createSecureContext, type SecureContext, type SecureContextOptions } from "node:tls";

/** A certificate for some of the names that a server has, in PEM. */
export interface NamedCertificate {
  /** In small letters: `shop.example`, or `*.shop.example` for every name with one label more. */
  readonly serverNames: readonly string[];
  readonly cert: string;
  readonly key: string;
}

/** Contexts by the server name that clients ask for (SNI, RFC 6066); the exact name goes before a wildcard. */
export class ServerNames {
  readonly #contexts = new Map<string, SecureContext>();

  /** @param shared what holds for every certificate */
  constructor(certificates: readonly NamedCertificate[], shared: SecureContextOptions) {
    for (const { serverNames, cert, key } of certificates) {
      const context = createSecureContext({ ...shared, cert, key });
      for (const name of serverNames) this.#contexts.set(name, context);
    }
  }

  /** Undefined for a name that has no certificate of its own. */
  contextFor(asked: string): SecureContext | undefined {
    const name = asked.toLowerCase().replace(/\.$/, "");
    return this.#contexts.get(name) ?? this.#contexts.get(`*${name.slice(name.indexOf("."))}`);
  }
}
