import type { ReleaseStatus } from "@kerf/control-api";
import type { Deployment } from "../placement/deployment.ts";
import type { KeptPlacement } from "../placement/kept.ts";
import type { ReleaseStore } from "./release-store.ts";

/** The releases of one unit or of all that there are, the newest first. */
export function listReleases(
  store: ReleaseStore,
  { deployment, kept }: { deployment: Deployment; kept: KeptPlacement | undefined },
  unit: string | undefined,
): ReleaseStatus[] {
  const units = unit === undefined ? Object.keys(kept?.units ?? {}) : [unit];
  return units.flatMap((name) =>
    store
      .of(name)
      .toReversed()
      .map((release): ReleaseStatus => ({
        ...release,
        unit: name,
        versions: versionsOf(store, release.builds),
        running: deployment.released?.releases[name] === release.number,
      })),
  );
}

function versionsOf(
  store: ReleaseStore,
  builds: Readonly<Record<string, string>>,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(builds).map(([name, digest]) => [
      name,
      store.open(digest).descriptor.service.contract.version,
    ]),
  );
}
