import { createHash } from "node:crypto";
import type { Change } from "../rollouts/change.ts";
import { type Deployment, type Released, settingsOf } from "../placement/deployment.ts";
import { gatewayMembers, gatewayUnit, isGateway } from "../placement/gateway-copies.ts";
import type { AutoScale, KeptPlacement, KeptUnit } from "../placement/kept.ts";
import type { InForce, SettingsVersions } from "../settings/versions.ts";
import { appAfter } from "./app-releases.ts";
import { type AppShell, composeManifest } from "./app-shell.ts";
import type { ReleaseStore } from "./release-store.ts";

/** What is to run after a change, with what is written down of it. */
export interface NextDeployment {
  readonly deployment: Deployment;
  readonly kept: KeptPlacement;
}

/**
 * What is to run after a change. Where the platform runs releases, each unit that the change touches gets one that says so, unless it has one with
 * the same builds.
 */
export async function nextDeployment(
  store: ReleaseStore,
  before: Deployment,
  last: KeptPlacement | undefined,
  change: Change,
): Promise<NextDeployment> {
  const placed = placedUnits(before, change);
  const { released } = before;
  if (released === undefined) {
    const deployment = { ...before, ...placed };
    return { deployment, kept: keptOf(deployment, last, change) };
  }
  const { remove = [] } = change;
  const builds = omit({ ...released.builds, ...change.builds }, remove);
  const settings = omit(settingsAfter(released.settings, change.settings), remove);
  const expose = Object.fromEntries(
    Object.entries({ ...last?.expose, ...change.expose }).map(([gateway, names]) => [
      gateway,
      names.filter((name) => !remove.includes(name)),
    ]),
  );
  const app = store.app(change.app ?? last?.app);
  const appKept = await appAfter(store, app.manifest.app, last, change);
  const coming = { ...released, builds, settings };
  const releases = await releasesOf(store, coming, change, startedWith(app));
  const deployment: Deployment = {
    ...before,
    ...placed,
    manifest: composeManifest(app, store.services(builds), expose),
    released: { ...coming, releases },
  };
  const kept = { ...keptOf(deployment, last, change), builds, settings, expose, ...appKept };
  return { deployment, kept };
}

/** What of an app is given to copies at their start, in so many digits; undefined where it says nothing of it. */
export function startedWith({
  manifest: { limits, policies, telemetry },
}: AppShell): string | undefined {
  if (limits === undefined && telemetry === undefined && Object.keys(policies).length === 0)
    return undefined;
  const text = JSON.stringify([policies, telemetry, limits]);
  return createHash("sha256").update(text).digest("hex").slice(0, 12);
}

function omit<T>(record: Readonly<Record<string, T>>, names: readonly string[]): Record<string, T> {
  return Object.fromEntries(Object.entries(record).filter(([name]) => !names.includes(name)));
}

/** The units and copies after a change. */
function placedUnits(
  before: Deployment,
  change: Change,
): Pick<Deployment, "units" | "copies" | "auto"> {
  const units: Record<string, string[]> = {};
  const copies: Record<string, number> = {};
  const auto: Record<string, AutoScale> = {};
  const gateways = before.manifest.gateways.map(gatewayUnit);
  const all = [...Object.keys(before.units), ...gateways, ...Object.keys(change.units)];
  for (const unit of new Set(all)) {
    const changed = Object.hasOwn(change.units, unit);
    if (changed && change.units[unit] === undefined) continue;
    const services = changed ? change.units[unit]?.services : before.units[unit];
    const number = changed ? change.units[unit]?.copies : before.copies[unit];
    const said = changed ? change.units[unit]?.auto : before.auto?.[unit];
    // What runs in a gateway is the app's word; how many copies of it there are is kept beside the units'.
    if (services !== undefined && !isGateway(unit)) units[unit] = [...services];
    if (said !== undefined) auto[unit] = said;
    if (number !== undefined) copies[unit] = number;
  }
  return { units, copies, auto };
}

/** What is in force after a change, and the highest that ever was. */
function settingsAfter(
  now: Released["settings"],
  changed: Readonly<Record<string, SettingsVersions>> = {},
): Released["settings"] {
  const after = Object.entries(changed).map(([name, { config, secrets }]): [string, InForce] => {
    const reached = now[name]?.reached ?? { config: 0, secrets: 0 };
    const highest = {
      config: Math.max(reached.config, config),
      secrets: Math.max(reached.secrets, secrets),
    };
    return [name, { config, secrets, reached: highest }];
  });
  return { ...now, ...Object.fromEntries(after) };
}

/** The release of each unit, made where there is none that says so. `released`: as it is to be, but for the releases. */
async function releasesOf(
  store: ReleaseStore,
  released: Released,
  change: Change,
  app: string | undefined,
): Promise<Record<string, number>> {
  const { builds, settings } = released;
  const releases: Record<string, number> = { ...released.releases };
  for (const [unit, wanted] of Object.entries(change.units)) {
    if (wanted === undefined) {
      delete releases[unit];
      continue;
    }
    const own = Object.fromEntries(
      wanted.services.flatMap((name) => (builds[name] === undefined ? [] : [[name, builds[name]]])),
    ) as Record<string, string>;
    releases[unit] =
      wanted.release ??
      (await store.ensure(unit, releases[unit], {
        builds: own,
        settings: settingsOf(settings, wanted.services),
        ...(app === undefined ? undefined : { app }),
        at: change.at,
        by: change.by,
        why: `${change.kind} ${change.title}${change.forced === undefined ? "" : ", by force"}`,
      }));
  }
  return releases;
}

function keptOf(
  { auto, copies, manifest, released, units }: Deployment,
  last: KeptPlacement | undefined,
  change: Change,
): KeptPlacement {
  const keep = (unit: string, services: readonly string[]): [string, KeptUnit] => [
    unit,
    {
      services,
      ...(copies[unit] === undefined ? undefined : { copies: copies[unit] }),
      ...(auto?.[unit] === undefined ? undefined : { auto: auto[unit] }),
    },
  ];
  const gateways = manifest.gateways
    .map(gatewayUnit)
    .filter(
      (unit) => released !== undefined || copies[unit] !== undefined || auto?.[unit] !== undefined,
    );
  const kept = [
    ...Object.entries(units).map(([unit, services]) => keep(unit, services)),
    ...gateways.map((unit) => keep(unit, gatewayMembers(manifest, unit) ?? [])),
  ];
  return {
    version: 1,
    change: change.id,
    declared: manifest.units,
    units: Object.fromEntries(
      kept.map(([unit, what]) => [unit, { ...what, ...releaseOf(unit, released, last) }]),
    ),
  };
}

function releaseOf(
  unit: string,
  released: Released | undefined,
  last: KeptPlacement | undefined,
): Pick<KeptUnit, "release" | "before"> {
  const release = released?.releases[unit];
  if (release === undefined) return {};
  const was = last?.units[unit];
  const before = was?.release === release ? was.before : was?.release;
  return { release, ...(before === undefined ? undefined : { before }) };
}

/** What is to run, as the last change left it. `newest`: what was in force before changes knew of settings. */
export function releasedOf(
  store: ReleaseStore,
  kept: KeptPlacement,
  newest: (service: string) => SettingsVersions,
): Released {
  const builds = kept.builds ?? {};
  const releases = Object.entries(kept.units).flatMap(([unit, { release }]) =>
    release === undefined ? [] : [[unit, release]],
  );
  return {
    directory: store.builds,
    builds,
    releases: Object.fromEntries(releases) as Record<string, number>,
    settings: kept.settings ?? settingsAfter({}, versionsOf(Object.keys(builds), newest)),
  };
}

/** The change that a first start is. */
export function firstChange(
  { manifest, units }: Deployment,
  builds: Readonly<Record<string, string>>,
  newest: (service: string) => SettingsVersions,
  { app, id, by, at }: Pick<Change, "app" | "id" | "by" | "at">,
): Change {
  const gateways = manifest.gateways.map(({ backend, name }): [string, KeptUnit] => [
    `gateway:${name}`,
    { services: backend === undefined ? [] : [backend.name] },
  ]);
  const own = Object.entries(units).map(([unit, services]): [string, KeptUnit] => [
    unit,
    { services },
  ]);
  return {
    version: 1,
    id,
    by,
    at,
    kind: "deploy",
    title: manifest.app,
    units: Object.fromEntries([...own, ...gateways]),
    moves: [],
    builds,
    settings: versionsOf(Object.keys(builds), newest),
    app,
  };
}

function versionsOf(
  services: readonly string[],
  of: (service: string) => SettingsVersions,
): Record<string, SettingsVersions> {
  return Object.fromEntries(services.map((name) => [name, of(name)]));
}
