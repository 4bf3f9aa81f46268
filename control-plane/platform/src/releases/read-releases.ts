import { join } from "node:path";
import type { Clock } from "@kerf/kernel";
import type { PlatformOptions } from "../options.ts";
import { deploy, type Deployment } from "../placement/deployment.ts";
import type { KeptPlacement } from "../placement/kept.ts";
import { programs } from "../programs.ts";
import type { EventLog } from "../progress/event-log.ts";
import type { Journal } from "../rollouts/journal.ts";
import type { SettingsVersions } from "../settings/versions.ts";
import { composeManifest } from "./app-shell.ts";
import { buildApp } from "./first-builds.ts";
import { firstChange, nextDeployment, releasedOf } from "./next-deployment.ts";
import type { ReleaseStore } from "./release-store.ts";

/** What releases are read from. */
export interface ReadReleasesOptions {
  readonly options: PlatformOptions;
  readonly store: ReleaseStore;
  readonly journal: Journal;
  /** The newest versions of a service's settings. */
  readonly newest: (service: string) => SettingsVersions;
  readonly events: EventLog;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** What a platform that runs releases is to run: as the last change left it. At the first start everything is built and becomes the first release of its unit. */
export async function readReleases(around: ReadReleasesOptions): Promise<Deployment> {
  const { events, journal, options, store } = around;
  const isFirst = journal.kept?.builds === undefined;
  if (isFirst) await makeFirst(around);
  const kept = journal.kept as KeptPlacement;
  const builds = kept.builds ?? {};
  const app = store.app(kept.app);
  const running = store.services(builds);
  const manifest = composeManifest(app, running, kept.expose);
  if (!isFirst && options.cut !== undefined) {
    // Throws for names that there are not.
    deploy(manifest, options);
    const how = "--cut counts at the first start; kerf cut and kerf join change it";
    events.done("placement", "Keeping the placement", how);
  }
  return { ...deploy(manifest, options, kept), released: releasedOf(store, kept, around.newest) };
}

async function makeFirst(around: ReadReleasesOptions): Promise<void> {
  const { clock, events, journal, options, signal, store } = around;
  const { builds, manifest } = await buildApp({
    program: programs.builder,
    app: options.app,
    out: join(options.home, "builds"),
    events,
    signal,
  });
  const app = await store.keepApp({ version: 1, manifest });
  const placed = deploy(manifest, options);
  const at = new Date(clock.wall()).toISOString();
  const change = firstChange(placed, builds, around.newest, {
    app,
    id: "first",
    by: "kerf up",
    at,
  });
  const released = { directory: store.builds, builds: {}, releases: {}, settings: {} };
  const { kept } = await nextDeployment(store, { ...placed, released }, undefined, change);
  await journal.commit(kept);
}
