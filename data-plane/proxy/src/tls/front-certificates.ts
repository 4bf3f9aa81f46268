import { X509Certificate } from "node:crypto";
import type { NamedCertificate, ServerTls } from "@kerf/call/http";
import type { FileTls, GatewayTls } from "@kerf/service";
import { filesOfDomains } from "./ordered-certificates.ts";
import type { FrontsOptions } from "./fronts.ts";
import { ServerCertificate } from "./server-certificate.ts";

/** All certificates of a gateway. Each is read again by itself: a bad one leaves its own last good one in place, and no other. */
export class FrontCertificates {
  readonly #named: readonly (readonly string[])[];
  /** The one for all other names, then those of `names`. */
  readonly #certificates: readonly ServerCertificate[];
  readonly #refuseUnknown: boolean;
  #from: readonly ServerTls[];
  #current: ServerTls;

  /** @param caFiles with the authorities of client certificates. @throws KerfError `invalid_configuration` */
  constructor(tls: GatewayTls, caFiles: readonly string[], options: FrontsOptions) {
    const { minVersion, unknownNames } = tls;
    const files: FileTls =
      tls.acme === undefined ? tls : filesOfDomains(tls.acme, options.certificates);
    const { names = [] } = files;
    this.#refuseUnknown = unknownNames === "refuse";
    this.#named = names.map(({ serverNames }) => serverNames);
    this.#certificates = [
      new ServerCertificate(files, { caFiles, minVersion }, options),
      ...names.map((one) => new ServerCertificate(one, { caFiles: [], minVersion }, options)),
    ];
    this.#from = this.#look();
    this.#current = this.#make();
  }

  /** The newest that can be used; the same object for as long as nothing changes. */
  current(): ServerTls {
    const from = this.#look();
    if (from.some((one, index) => one !== this.#from[index])) {
      this.#from = from;
      this.#current = this.#make();
    }
    return this.#current;
  }

  #look(): readonly ServerTls[] {
    return this.#certificates.map((certificate) => certificate.current());
  }

  #make(): ServerTls {
    const [main, ...named] = this.#from as readonly [ServerTls, ...ServerTls[]];
    const names: NamedCertificate[] = named.map(({ cert, key }, index) => ({
      serverNames: this.#named[index] as readonly string[],
      cert,
      key,
    }));
    if (!this.#refuseUnknown) return { ...main, names };
    // Who is refused otherwise may well ask for a name of the main one; `names` go before it.
    const own = { serverNames: namesOf(main.cert), cert: main.cert, key: main.key };
    return { ...main, names: [own, ...names], refuseUnknown: true };
  }
}

/** The host names that a certificate is for. */
function namesOf(pem: string): string[] {
  const names = new X509Certificate(pem).subjectAltName?.split(", ") ?? [];
  return names.flatMap((name) => (name.startsWith("DNS:") ? name.slice(4).toLowerCase() : []));
}
