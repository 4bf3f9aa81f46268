import type { Clock, Random } from "@kerf/kernel";
import type { Logger } from "@kerf/telemetry";
import { WorkloadIdentity } from "../identity/workload-identity.ts";
import { CertificateFileSource } from "../identity/certificate-files.ts";
import type { AnyBoot } from "../placement.ts";
import type { SnapshotStore } from "../snapshot/store.ts";
import type { Link } from "./link.ts";

/**
 * The identity of a host, its certificate from the platform and the authorities from the placement, or both from files that somebody else renews;
 * undefined where programs talk over Unix sockets, or in the clear. Throws `start_failed`.
 */
export async function obtainIdentity(
  boot: AnyBoot,
  {
    link,
    store,
    ...parts
  }: { link: Link; store: SnapshotStore; clock: Clock; random: Random; log: Logger },
): Promise<WorkloadIdentity | undefined> {
  const { environment, unit } = boot;
  if (boot.platform === undefined) {
    if (boot.certificates === undefined) return undefined;
    const source = await CertificateFileSource.open(boot.certificates, parts);
    return WorkloadIdentity.obtain({ ...parts, environment, unit, ...source.parts });
  }
  if (boot.mutualTls !== true) return undefined;
  return WorkloadIdentity.obtain({
    ...parts,
    environment,
    unit,
    issue: (request) => link.certify(request),
    authorities: {
      current: () => store.current?.authorities ?? [],
      onChange: (listener) => store.onChange(listener),
    },
  });
}
