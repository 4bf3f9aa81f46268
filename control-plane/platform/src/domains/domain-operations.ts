import type { ServedArguments, ServedOperation } from "@kerf/call";
import type { domainOperations as declared } from "@kerf/control-api";
import type { Domains } from "./domains.ts";

/** Looking at the certificates of an app's names, and ordering one now. */
export function domainOperations(
  { domains }: { readonly domains: Pick<Domains, "renew" | "status"> },
  inFull: (run: (args: ServedArguments) => unknown) => ServedOperation,
): { readonly [Name in keyof typeof declared]: ServedOperation } {
  return {
    domains: { run: () => ({ domains: domains.status() }) },
    renewDomain: inFull(({ input }) => domains.renew((input as { domain: string }).domain)),
  };
}
