import type { Clock, Random } from "@kerf/kernel";
import type { Logger } from "@kerf/telemetry";
import { WorkloadIdentity } from "../identity/workload-identity.ts";
import type { Boot } from "../placement.ts";
import type { SnapshotStore } from "../snapshot/store.ts";
import type { HostLink } from "./host-link.ts";

/**
 * The identity of a host, its certificate from the platform and the authorities from the placement; undefined where programs talk over Unix
 * sockets. Throws `start_failed`.
 */
export async function obtainIdentity(
  boot: Pick<Boot, "environment" | "unit" | "mutualTls">,
  {
    link,
    store,
    ...parts
  }: { link: HostLink; store: SnapshotStore; clock: Clock; random: Random; log: Logger },
): Promise<WorkloadIdentity | undefined> {
  if (boot.mutualTls !== true) return undefined;
  return WorkloadIdentity.obtain({
    ...parts,
    environment: boot.environment,
    unit: boot.unit,
    issue: (request) => link.certify(request),
    authorities: {
      current: () => store.current?.authorities ?? [],
      onChange: (listener) => store.onChange(listener),
    },
  });
}
