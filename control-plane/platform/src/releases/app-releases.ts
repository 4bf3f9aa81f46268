import { KerfError } from "@kerf/kernel";
import type { AppManifest } from "@kerf/service";
import type { KeptPlacement } from "../placement/kept.ts";
import type { Change } from "../rollouts/change.ts";
import type { ReleaseStore } from "./release-store.ts";

/** How what an app says beside its services is named where a unit could be: `app:shop`. */
export function appUnit(app: string): string {
  return `app:${app}`;
}

/** Whether a name is that of an app, and not of a unit. */
export function isApp(unit: string): boolean {
  return unit.startsWith("app:");
}

/** The release of each unit, and that of the app, as they are written down. */
export function releasesOf(
  { appRelease, units }: KeptPlacement,
  app: string,
): Record<string, number> {
  const all = Object.entries(units).map(([unit, { release }]) => [unit, release] as const);
  const known = [...all, [appUnit(app), appRelease] as const];
  return Object.fromEntries(known.filter(([, release]) => release !== undefined)) as Record<
    string,
    number
  >;
}

/** Which release of the app runs after a change, made where the change brings another app. */
export async function appAfter(
  store: ReleaseStore,
  name: string,
  last: KeptPlacement | undefined,
  change: Change,
): Promise<Pick<KeptPlacement, "app" | "appRelease" | "appBefore">> {
  const digest = change.app ?? last?.app;
  if (digest === undefined) return {};
  const { at, by, kind, title } = change;
  const ensure = (app: string, running: number | undefined, why: string): Promise<number> =>
    store.ensure(appUnit(name), running, { builds: {}, app, at, by, why });
  // A platform of the version before kept the app, and no releases of it.
  const before =
    last?.app === undefined
      ? undefined
      : (last.appRelease ?? (await ensure(last.app, undefined, "as it was deployed last")));
  const now = change.app === undefined ? before : await ensure(digest, before, `${kind} ${title}`);
  const earlier = now === before ? last?.appBefore : before;
  return {
    app: digest,
    ...(now === undefined ? undefined : { appRelease: now }),
    ...(earlier === undefined ? undefined : { appBefore: earlier }),
  };
}

/**
 * What an app said in an earlier release, for the services that run now: where these are and on which servers their databases lie stays as it is. Throws
 * `invalid_input` when a gateway of then offers what is no more.
 */
export function appAsBefore(
  running: AppManifest,
  earlier: AppManifest,
  {
    builds,
    release,
  }: { readonly builds: Readonly<Record<string, string>>; readonly release: string },
): AppManifest {
  for (const { backend, expose, name } of earlier.gateways) {
    const needed = [...expose.map((contract) => contract.name), ...(backend ? [backend.name] : [])];
    const gone = needed.find((service) => !Object.hasOwn(builds, service));
    if (gone === undefined) continue;
    throw new KerfError("invalid_input", {
      message: `The gateway ${name} of ${release} offers ${gone}, which runs no more.`,
      why: "What an app says is taken back for the services that run. Nothing was changed.",
      fix: `Deploy ${gone} again first, or go back to another one: kerf releases ${release.split("@")[0]}`,
    });
  }
  const kept = new Set(running.services.map(({ name }) => name));
  const known = earlier.services.filter(({ name }) => kept.has(name));
  const since = running.services.filter(({ name }) => !known.some((each) => each.name === name));
  const { servers, units } = running;
  return { ...earlier, services: [...known, ...since], units, servers };
}
