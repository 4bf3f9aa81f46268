import { platformUnit, WorkloadIdentity } from "@kerf/call";
import { type Clock, systemRandom } from "@kerf/kernel";
import type { Logger } from "@kerf/telemetry";
import type { Home } from "../state/home.ts";
import type { Authority } from "./authority.ts";
import type { CertificateLives } from "./certificate-lives.ts";

/** Who certifies the programs of an environment, and who the platform is to them when it calls one for its operator. */
export interface Security {
  readonly authority: Authority;
  readonly identity: WorkloadIdentity;
}

/** Opens both. What makes certificates is loaded here, and only here. */
export async function openSecurity(
  home: Home,
  { environment, lives }: { readonly environment: string; readonly lives: CertificateLives },
  { clock, log }: { readonly clock: Clock; readonly log: Logger },
): Promise<Security> {
  const { Authority } = await import("./authority.ts");
  const authority = await Authority.open({ home, environment, lives, clock, log });
  const identity = await WorkloadIdentity.obtain({
    environment,
    unit: platformUnit,
    issue: (request) => authority.issue(request, platformUnit),
    authorities: {
      current: () => authority.trusted,
      onChange: (listener) => authority.onChange(listener),
    },
    clock,
    random: systemRandom,
    log,
  });
  return { authority, identity };
}
