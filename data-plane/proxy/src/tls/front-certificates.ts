import type { ServerTls } from "@kerf/call/http";
import type { GatewayTls } from "@kerf/service";
import type { FrontsOptions } from "./fronts.ts";
import { ServerCertificate } from "./server-certificate.ts";

/** All certificates of a gateway. Each is read again by itself: a bad one leaves its own last good one in place, and no other. */
export class FrontCertificates {
  readonly #named: readonly (readonly string[])[];
  /** The one for all other names, then those of `names`. */
  readonly #certificates: readonly ServerCertificate[];
  #from: readonly ServerTls[];
  #current: ServerTls;

  /** @param caFiles with the authorities of client certificates. @throws KerfError `invalid_configuration` */
  constructor(tls: GatewayTls, caFiles: readonly string[], options: FrontsOptions) {
    const { minVersion, names = [] } = tls;
    this.#named = names.map(({ serverNames }) => serverNames);
    this.#certificates = [
      new ServerCertificate(tls, { caFiles, minVersion }, options),
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
    const names = named.map(({ cert, key }, index) => ({
      serverNames: this.#named[index] as readonly string[],
      cert,
      key,
    }));
    return { ...main, names };
  }
}
