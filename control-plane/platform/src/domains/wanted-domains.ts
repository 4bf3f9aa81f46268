import { dirname, resolve } from "node:path";
import { type AppManifest, defaultDirectory, type GatewaySettings } from "@kerf/service";

/** A name that an app wants a certificate for. */
export interface WantedDomain {
  readonly domain: string;
  /** The gateway that serves it, and answers the authority. */
  readonly gateway: string;
  readonly directory: string;
  readonly email?: string | undefined;
  /** Absolute path of the PEM with who vouches for the directory. */
  readonly caFile?: string | undefined;
}

/** All of them. One that several gateways serve is ordered through the first: they share its certificate. */
export function wantedDomains(
  manifest: Pick<AppManifest, "gateways">,
  appModule: string,
): WantedDomain[] {
  const wanted = new Map<string, WantedDomain>();
  for (const gateway of manifest.gateways) {
    const acme = (gateway.settings as GatewaySettings | undefined)?.tls?.acme;
    for (const domain of acme?.domains ?? []) {
      if (wanted.has(domain)) continue;
      wanted.set(domain, {
        domain,
        gateway: gateway.name,
        directory: acme?.directory ?? defaultDirectory,
        email: acme?.email,
        caFile: acme?.caFile && resolve(dirname(appModule), acme.caFile),
      });
    }
  }
  return [...wanted.values()];
}
