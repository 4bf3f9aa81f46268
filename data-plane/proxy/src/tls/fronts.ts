import type { FrontProtocols } from "@kerf/call/http";
import { type Clock, KerfError } from "@kerf/kernel";
import { type GatewaySettings, tlsProblems } from "@kerf/service";
import type { Logger } from "@kerf/telemetry";
import { FrontCertificates } from "./front-certificates.ts";

/** What clients speak with a gateway by one configuration. */
export interface Front {
  /** Asked for each connection. */
  protocols(): FrontProtocols;
}

/** What fronts are made with. */
export interface FrontsOptions {
  /** Files in settings are seen from here: the folder of the app's module. */
  readonly directory: string;
  /** Where the platform keeps the certificates that it orders; absent without one. */
  readonly certificates?: string | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Makes the front of each configuration; a certificate whose settings stay the same goes on being the last good one. */
export class Fronts {
  readonly #options: FrontsOptions;
  #certificates: { readonly key: string; readonly all: FrontCertificates } | undefined;

  constructor(options: FrontsOptions) {
    this.#options = options;
  }

  /** @throws KerfError `invalid_configuration` for settings that cannot be, and files that cannot be used */
  prepare(settings: GatewaySettings): Front {
    const problems = tlsProblems(settings);
    if (problems.length > 0) {
      throw new KerfError("invalid_configuration", {
        message: `The settings of the gateway have problems:\n${problems.map((problem) => `  - ${problem}`).join("\n")}`,
        fix: "Correct them in the app's module.",
        data: { problems },
      });
    }
    const { authentication = [], http2, tls } = settings;
    if (tls === undefined) {
      const protocols = { http2: http2 ?? false };
      return { protocols: () => protocols };
    }
    const caFiles = authentication.flatMap((one) =>
      one.method === "clientCertificates" ? [one.caFile] : [],
    );
    const key = JSON.stringify([tls, caFiles]);
    if (this.#certificates?.key !== key)
      this.#certificates = { key, all: new FrontCertificates(tls, caFiles, this.#options) };
    const { all } = this.#certificates;
    return { protocols: () => ({ tls: all.current(), http2: http2 ?? true }) };
  }
}
