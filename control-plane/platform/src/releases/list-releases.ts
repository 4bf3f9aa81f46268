import type { ReleaseStatus } from "@kerf/control-api";
import type { Deployment } from "../placement/deployment.ts";
import type { KeptPlacement } from "../placement/kept.ts";
import type { SettingsVersions } from "../settings/versions.ts";
import { unknownUnit } from "../placement/unknown-unit.ts";
import { appUnit } from "./app-releases.ts";
import type { Release } from "./release.ts";
import type { ReleaseStore } from "./release-store.ts";

/** The releases of one unit or of all that there are, the newest first. Throws `not_found` for a unit that never had one. */
export function listReleases(
  store: ReleaseStore,
  { deployment, kept }: { deployment: Deployment; kept: KeptPlacement | undefined },
  unit: string | undefined,
  changedNames: (service: string, one: SettingsVersions, other: SettingsVersions) => string[],
): ReleaseStatus[] {
  const app = appUnit(deployment.manifest.app);
  const known = [...Object.keys(kept?.units ?? {}), app];
  if (unit !== undefined && deployment.released !== undefined && store.of(unit).length === 0)
    throw unknownUnit(deployment, unit, known);
  const units = unit === undefined ? known : [unit];
  return units.flatMap((name) => {
    const all = store.of(name);
    const runs = name === app ? kept?.appRelease : deployment.released?.releases[name];
    const before = name === app ? kept?.appBefore : kept?.units[name]?.before;
    return all
      .map((release, index): ReleaseStatus => ({
        ...release,
        unit: name,
        versions: versionsOf(store, release.builds),
        set: setSince(all[index - 1], release, changedNames),
        running: release.number === runs,
        // Forward is not back.
        ...(release.number === before && before < (runs ?? 0) ? { back: true } : undefined),
      }))
      .toReversed();
  });
}

/** By service, the names of what a release has set differently from the one before it. */
function setSince(
  before: Release | undefined,
  { settings = {} }: Release,
  changedNames: (service: string, one: SettingsVersions, other: SettingsVersions) => string[],
): Record<string, string[]> {
  const none = { config: 0, secrets: 0 };
  const services = new Set([...Object.keys(before?.settings ?? {}), ...Object.keys(settings)]);
  const changed = [...services].map((name): [string, string[]] => [
    name,
    changedNames(name, before?.settings?.[name] ?? none, settings[name] ?? none),
  ]);
  return Object.fromEntries(changed.filter(([, names]) => names.length > 0));
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
