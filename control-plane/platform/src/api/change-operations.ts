import type { ServedArguments, ServedOperation } from "@kerf/call";
import type { ChangeReport, GateVerdict } from "@kerf/control-api";
import { type CallContext, KerfError } from "@kerf/kernel";
import type { AppManifest } from "@kerf/service";
import { userOf } from "../audit/audited-operations.ts";
import type { Deployment } from "../placement/deployment.ts";
import type { AutoScale, KeptPlacement } from "../placement/kept.ts";
import { appAsBefore, appUnit } from "../releases/app-releases.ts";
import { appChanges, withGateways } from "../releases/app-changes.ts";
import { assertSameServers } from "../releases/assert-same-servers.ts";
import { listReleases } from "../releases/list-releases.ts";
import { startedWith } from "../releases/next-deployment.ts";
import { type Release, releaseName } from "../releases/release.ts";
import type { ReleaseStore } from "../releases/release-store.ts";
import type { SettingsVersions } from "../settings/versions.ts";
import type { Asked, Plan } from "../rollouts/change.ts";
import { type AppRequest, planApp, planAppRollback } from "../rollouts/plan-app.ts";
import {
  assertReleased,
  planCut,
  planDeploy,
  planJoin,
  planRollback,
  programMembers,
} from "../rollouts/plan.ts";
import { planAutoScale, planRestart, planScale } from "../rollouts/plan-copies.ts";

/** What changes of what runs are made by. */
export interface ChangeSurroundings {
  readonly releases: ReleaseStore;
  /** Makes a change. */
  readonly change: (plan: (deployment: Deployment) => Plan, asked: Asked) => Promise<ChangeReport>;
  /** What the gate says of a change. */
  readonly judge: (plan: Plan) => Promise<GateVerdict>;
  /** The versions of a service's settings that come into force with its next deploy. */
  readonly coming: (service: string) => SettingsVersions;
  /** The names of what is set differently in two versions of a service's settings. */
  readonly changedNames: (
    service: string,
    one: SettingsVersions,
    other: SettingsVersions,
  ) => string[];
  /** What is to run, and what is written down of it. */
  readonly placed: () => {
    readonly deployment: Deployment;
    readonly kept: KeptPlacement | undefined;
  };
}

interface ChangeInput {
  change: string;
  force?: boolean;
  canary?: number;
  watchMs?: number;
  readyMs?: number;
  drainMs?: number;
}

interface Scaling {
  unit: string;
  copies?: number;
  auto?: AutoScale;
}

/** Operations that change what runs: cut and join, scale and restart, deploy and roll back, and what is asked before. */
export function changeOperations(
  around: ChangeSurroundings,
  inFull: (run: (args: ServedArguments) => unknown) => ServedOperation,
) {
  const { change, judge, placed, releases } = around;
  return {
    cut: inFull(({ input, context }) => {
      const { service, from, ...rest } = input as { service: string; from?: string } & ChangeInput;
      return change((now) => planCut(now, service, from), askedOf(rest, context));
    }),
    join: inFull(({ input, context }) => {
      const { service, into, ...rest } = input as { service: string; into: string } & ChangeInput;
      return change((now) => planJoin(now, service, into), askedOf(rest, context));
    }),
    scale: inFull(({ input, context }) => {
      const { auto, copies, unit, ...rest } = input as Scaling & ChangeInput;
      if ((auto === undefined) === (copies === undefined)) throw eitherOr();
      const plan = (now: Deployment): Plan =>
        copies === undefined
          ? planAutoScale(now, unit, auto as AutoScale)
          : planScale(now, unit, copies);
      return change(plan, askedOf(rest, context));
    }),
    restart: inFull(({ input, context }) => {
      const { unit, ...rest } = input as { unit: string } & ChangeInput;
      return change((now) => planRestart(now, unit), askedOf(rest, context));
    }),
    deploy: inFull(async ({ input, context }) => {
      const {
        app: given,
        builds,
        expose,
        gateways,
        remove,
        ...rest
      } = input as {
        builds: Record<string, string>;
        expose?: string;
        app?: AppManifest;
        gateways?: string[];
        remove: string[];
      } & ChangeInput;
      const backends = backendsAmong(releases, builds);
      const app = await appOf(around, given, gateways, remove);
      const { manifest } = placed().deployment;
      assertSameServers(manifest, {
        services: Object.values(builds).map((digest) => releases.open(digest).descriptor.service),
        servers: (app?.manifest ?? manifest).servers,
      });
      const wanted = { builds, backends, expose, settings: around.coming, app: app?.manifest };
      const report = await change(
        (now) => {
          const plan = planDeploy(now, wanted);
          return app === undefined ? plan : planApp(now, plan, app);
        },
        askedOf(rest, context),
      );
      if (app === undefined || app.changes.texts.length === 0) return report;
      const unit = appUnit(manifest.app);
      const what = `${app.changes.texts.join(", ")}: said by the app, ${releaseName(unit, placed().kept?.appRelease ?? 1)}`;
      return {
        ...report,
        notes: [`${what}; that goes back by kerf rollback ${unit}, and with no unit`],
      };
    }),
    rollback: inFull(async ({ input, context }) => {
      const { release, unit, ...rest } = input as { release?: number; unit: string } & ChangeInput;
      const to = earlier(around, unit, release);
      const plan = await rollbackTo(around, unit, to);
      const report = await change(plan, askedOf(rest, context));
      return { ...report, ...noted(around, unit, to) };
    }),
    mayDeploy: inFull(({ input }) => {
      const pairs = (input as { builds: string }).builds.split(",").map((pair) => pair.split("="));
      const builds = Object.fromEntries(pairs) as Record<string, string>;
      const backends = backendsAmong(releases, builds);
      const wanted = { builds, backends, expose: undefined, settings: around.coming };
      return judge(planDeploy(placed().deployment, wanted));
    }),
    mayRollBack: inFull(async ({ input }) => {
      const { release, unit } = input as { release?: number; unit: string };
      const plan = await rollbackTo(around, unit, earlier(around, unit, release));
      return judge(plan(placed().deployment));
    }),
    releases: inFull(({ input }) => ({
      releases: listReleases(
        releases,
        placed(),
        (input as { unit?: string }).unit,
        around.changedNames,
      ),
    })),
  };
}

export function askedOf({ change, ...asked }: ChangeInput, context: CallContext): Asked {
  return { id: change, by: userOf(context), ...asked };
}

/** What of an app is to be deployed, kept: all of it, or some of its gateways. */
async function appOf(
  { placed, releases }: ChangeSurroundings,
  given: AppManifest | undefined,
  gateways: readonly string[] | undefined,
  remove: readonly string[],
): Promise<AppRequest | undefined> {
  const { kept, deployment } = placed();
  if (given === undefined || deployment.released === undefined) return undefined;
  const { manifest: running } = releases.app(kept?.app);
  const manifest = gateways === undefined ? given : withGateways(running, given, gateways);
  const changes = appChanges(running, manifest);
  const digest = await releases.keepApp({ version: 1, manifest }, kept?.app);
  return { manifest, digest, changes, remove };
}

/** Those of some builds that compose answers for gateways. Throws for a build that is not of the service that it is given for. */
function backendsAmong(
  releases: ReleaseStore,
  builds: Readonly<Record<string, string>>,
): ReadonlySet<string> {
  const opened = Object.entries(builds).map(([name, digest]) => {
    const { descriptor } = releases.open(digest);
    assertBuildOf(name, descriptor.service.name);
    return descriptor;
  });
  const backends = opened.filter(({ kind }) => kind === "backend");
  return new Set(backends.map(({ service }) => service.name));
}

/** A release to go back to: the one that is named, or the one that ran before. Throws `not_found` for a unit that there is not. */
function earlier(
  { placed, releases }: ChangeSurroundings,
  unit: string,
  release: number | undefined,
): Release {
  const { deployment, kept } = placed();
  assertReleased(deployment);
  const isOfApp = unit === appUnit(deployment.manifest.app);
  if (!isOfApp) programMembers(deployment, unit);
  const number = release ?? (isOfApp ? kept?.appBefore : kept?.units[unit]?.before);
  if (number === undefined) {
    throw new KerfError("invalid_input", {
      message: `Nothing ran before what ${unit} runs now.`,
      fix: `Name the release to go to: kerf releases ${unit}`,
    });
  }
  const now = isOfApp ? kept?.appRelease : deployment.released?.releases[unit];
  if (release === undefined && now !== undefined && number > now) throw forward(unit, now, number);
  return releases.get(unit, number);
}

/** Who rolls back twice does not want the release back from which the first time went. */
function forward(unit: string, now: number, before: number): KerfError {
  return new KerfError("invalid_input", {
    message: `${unit} runs an earlier release already: ${releaseName(unit, now)}, and before it ran ${releaseName(unit, before)}.`,
    why: "Back to what ran before would be forward again.",
    fix: `Name the release to go to: kerf rollback ${unit} NUMBER; kerf releases ${unit} lists them.`,
  });
}

/** How a release becomes what runs: of a unit, or of what the app says beside its services. */
async function rollbackTo(
  { placed, releases }: ChangeSurroundings,
  unit: string,
  to: Release,
): Promise<(now: Deployment) => Plan> {
  const { deployment, kept } = placed();
  if (unit !== appUnit(deployment.manifest.app)) return (now) => planRollback(now, unit, to);
  const { manifest: running } = releases.app(kept?.app);
  const builds = kept?.builds ?? {};
  const release = releaseName(unit, to.number);
  const manifest = appAsBefore(running, releases.app(to.app).manifest, { builds, release });
  const changes = appChanges(running, manifest);
  const digest = await releases.keepApp({ version: 1, manifest }, kept?.app);
  const request = { manifest, digest, changes, remove: [] };
  return (now) => planAppRollback(now, request, to.number);
}

/** What a rollback of a unit leaves as it is although it was different then. */
function noted(
  { placed, releases }: ChangeSurroundings,
  unit: string,
  to: Release,
): Pick<ChangeReport, "notes"> {
  const { deployment, kept } = placed();
  const app = appUnit(deployment.manifest.app);
  if (unit === app || startedWith(releases.app(kept?.app)) === to.app) return {};
  const what = `policies, telemetry and limits are the app's of now, and were others when ${releaseName(unit, to.number)} was made`;
  return { notes: [`${what}; what the app says goes back by kerf rollback ${app}`] };
}

function eitherOr(): KerfError {
  return new KerfError("invalid_input", {
    message: "Either a number of copies is given, or how they follow the load.",
    fix: "kerf scale UNIT 3, or kerf scale UNIT --auto 1..10",
  });
}

function assertBuildOf(name: string, built: string): void {
  if (name === built) return;
  throw new KerfError("invalid_input", {
    message: `The build that is given for ${name} is one of ${built}.`,
    fix: "Give each service a build of its own.",
  });
}
