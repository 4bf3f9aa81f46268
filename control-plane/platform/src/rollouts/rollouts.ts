import type {
  ChangeReport,
  ChangeStatus,
  GateFinding,
  RolloutStep,
  WatchedChange,
} from "@kerf/control-api";
import { type Clock, describeError, type KerfError } from "@kerf/kernel";
import { assertGo, judge } from "../gate/gate.ts";
import type { Deployed } from "../placement/deployed.ts";
import { copiesOf, type Deployment } from "../placement/deployment.ts";
import { gatewayMembers, isGateway } from "../placement/gateway-copies.ts";
import type { KeptPlacement } from "../placement/kept.ts";
import type { EventLog } from "../progress/event-log.ts";
import { releasesOf } from "../releases/app-releases.ts";
import { type NextDeployment, nextDeployment } from "../releases/next-deployment.ts";
import type { ReleaseStore } from "../releases/release-store.ts";
import type { Databases } from "../resources/databases.ts";
import type { Settings } from "../settings/settings.ts";
import type { Instance } from "../supervisor/instance.ts";
import type { Staged } from "../supervisor/staged.ts";
import type { Supervisor } from "../supervisor/supervisor.ts";
import type { Asked, Change, Plan } from "./change.ts";
import type { Journal } from "./journal.ts";
import type { LoadKeeper } from "../load/load-keeper.ts";
import { LatencyOfMove } from "./latency-of-move.ts";
import { inOrder, programWaves } from "./order.ts";
import { assertServed, isServed } from "./served.ts";
import { movedEdges } from "./moved-edges.ts";
import { endedByForce, inOneLine, nothingChanged, underWay } from "./outcome.ts";
import { warmMoved } from "./warm-moved.ts";
import { type Watching, watchStaged } from "./watch-staged.ts";
import { WatchVerdict } from "./watch-verdict.ts";
import { type Watch, watchedNow, watchOf } from "./watched.ts";

/** What rollouts work on. */
export interface RolloutsOptions {
  readonly clock: Clock;
  readonly events: EventLog;
  readonly journal: Journal;
  readonly store: ReleaseStore;
  readonly databases: Databases;
  readonly settings: Settings;
  readonly deployed: Deployed;
  readonly supervisor: Supervisor;
  readonly load: LoadKeeper;
  /** Tells everyone what is true now; resolves when all who route know it, or after a bound. */
  readonly acknowledged: () => Promise<void>;
  /** Resident memory of everything that runs for the app, bytes. */
  readonly memory: () => Promise<number>;
}

/** Tells of a step while `work` does it; what that answers is worth telling. */
export type Stepping = (
  step: RolloutStep,
  detail: string | undefined,
  work: () => Promise<string | void>,
) => Promise<void>;

/** Makes changes, one at a time: staged beside what serves, committed in one moment, finished or undone whatever happens. */
export class Rollouts {
  readonly #options: RolloutsOptions;
  #running: Change | undefined;
  #watch: Watch | undefined;
  /** What it does at the moment. */
  #doing: Pick<ChangeStatus, "step" | "detail" | "since"> | undefined;
  /** The step at which the change failed. */
  #failedAt: RolloutStep | undefined;
  /** The migrations that it has applied, which stay whatever becomes of it: `0002_notes.sql of orders`. */
  #migrated: string[] = [];

  constructor(options: RolloutsOptions) {
    this.#options = options;
  }

  /** The change that is under way. */
  get running(): Change | undefined {
    return this.#running;
  }

  /** How far the change is that is under way. */
  get status(): ChangeStatus | undefined {
    if (this.#running === undefined) return undefined;
    const { at, by, id, kind, title } = this.#running;
    return { id, kind, title, by, at, ...this.#doing };
  }

  /** The change whose new copies are compared with the old ones, if any is. */
  get watched(): WatchedChange[] {
    return watchedNow(this.#watch, this.#options);
  }

  /** Ends the watch of a unit's new release, for it or against it; answers the change. Throws `not_found` when none is watched. */
  decide(unit: string, what: "promote" | "abandon", by: string): string {
    const { change, verdict } = watchOf(this.#watch, unit);
    verdict.make(what, by);
    return change.id;
  }

  /** Throws `change_under_way` while another change is. */
  assertFree(): void {
    if (this.#running !== undefined) throw underWay(this.#running);
  }

  /**
   * Makes a change. Resolves when it is finished; rejects when nothing was changed, with the step at which it failed, and what serves,
   * serves on.
   */
  async run(plan: (deployment: Deployment) => Plan, asked: Asked): Promise<ChangeReport> {
    const { id, by, force = false } = asked;
    const { clock, deployed } = this.#options;
    this.assertFree();
    const before = deployed.current;
    const at = new Date(clock.wall()).toISOString();
    const planned = awake(plan(before));
    assertServed(planned, before, this.#options.supervisor, (service) => this.#problemOf(service));
    const change: Change = { version: 1, ...planned, id, by, at };
    this.#running = change;
    this.#failedAt = undefined;
    this.#migrated = [];
    try {
      const findings = await this.#judge(change, before, force);
      const against = findings.filter(({ verdict }) => verdict !== "compatible");
      const forced = against.map(({ message }) => message);
      const made = forced.length === 0 ? change : { ...change, forced };
      return await this.#roll(made, before, findings, asked);
    } finally {
      this.#running = undefined;
    }
  }

  /** Does something that is no change of what runs, and that no change may come beside. */
  async alone<T>(plan: Plan, { by, id }: Asked, work: (step: Stepping) => Promise<T>): Promise<T> {
    this.assertFree();
    const at = new Date(this.#options.clock.wall()).toISOString();
    const change: Change = { version: 1, ...plan, id, by, at };
    this.#running = change;
    this.#failedAt = undefined;
    this.#migrated = [];
    try {
      return await work((step, detail, doing) => this.#step(change, step, detail, doing));
    } finally {
      this.#running = undefined;
    }
  }

  async #roll(
    change: Change,
    before: Deployment,
    findings: GateFinding[],
    asked: Asked,
  ): Promise<ChangeReport> {
    const { clock, deployed, journal, load, memory, store, supervisor } = this.#options;
    const begun = clock.now();
    const latency = new LatencyOfMove({ clock, load }, before, change.moves);
    const memoryBefore = await memory();
    const processesBefore = supervisor.instances.length;
    // Before its releases are written: whoever finds them after a kill finds out what they were for.
    await journal.begin(change);
    const { deployment: target, kept } = await this.#next(change, before);
    const programs = deployed
      .programsOf(target)
      .filter(({ unit }) => change.units[unit] !== undefined);
    const gone = Object.keys(change.units).filter((unit) => change.units[unit] === undefined);
    await this.#migrate(change, before, target, kept);
    await deployed.reserve(target.manifest);
    // Only new code may need what comes with it; whatever else starts finds everyone where they were.
    const waves = change.kind === "deploy" ? programWaves(target.manifest, programs) : [programs];
    const { readyMs } = asked;
    const staged = supervisor.stage(change.id, waves, gone, { anew: change.anew, readyMs });
    try {
      deployed.moving = destinations(change);
      deployed.beside = target.manifest;
      // Whoever is called by what starts now knows it by then.
      await this.#options.acknowledged();
      // Fewer copies start none.
      for (const wave of staged.size === 0 ? [] : waves) {
        const names = wave.map(({ unit }) => unit);
        const detail = waves.length === 1 ? counted(staged.size) : names.join(", ");
        await this.#step(change, "start", detail, () => staged.start(new Set(names)));
      }
      staged.assertReady();
      staged.assertWhole(
        (service) => isServed(before, supervisor, service),
        (service) => this.#problemOf(service),
      );
      await this.#warmMoved(change);
      await watchStaged(this.#watching(change, before, target), asked);
      staged.assertReady();
      await journal.commit(kept);
    } catch (thrown) {
      await this.#undo(change, staged, asked.drainMs);
      await this.#neverServed(change, kept, thrown);
      journal.end();
      throw this.#failed(change, before, thrown);
    } finally {
      this.#watch = undefined;
    }

    // From here on it has happened: what fails is mended, not undone.
    await store.served(releasesOf(kept, target.manifest.app));
    // In one go: a placement of the time in between would send calls to copies that know nothing of what moved.
    deployed.moving = new Map();
    deployed.canary = undefined;
    deployed.beside = before.manifest;
    deployed.place(target, Object.keys(change.units));
    const drained = staged.promote(asked.drainMs);
    await this.#step(change, "shift", undefined, () => this.#options.acknowledged());
    let forced: readonly Instance[] = [];
    await this.#step(change, "drain", undefined, async () => {
      forced = await drained;
      return forced.length === 0 ? undefined : endedByForce(forced);
    });
    deployed.beside = undefined;
    // A copy that ended between its readiness and its promotion is missing in its place.
    await supervisor.apply(programs);
    journal.end();
    const report: ChangeReport = {
      id: change.id,
      kind: change.kind,
      title: change.title,
      ms: Math.round(clock.now() - begun),
      units: touched(change, before, target),
      findings,
      ...(forced.length === 0
        ? undefined
        : { forced: forced.map(({ id, unit }) => ({ unit, instance: id })) }),
      processes: { before: processesBefore, after: supervisor.instances.length },
      memoryBytes: { before: memoryBefore, after: await memory() },
      ...movedEdges(before, target, change.moves),
    };
    const { watchMs = 0 } = asked;
    if (change.moves.length === 0 || watchMs === 0) return report;
    await this.#step(change, "measure", `calls for ${watchMs / 1_000} s`, async () => {
      report.latency = await latency.after(target, watchMs);
    });
    return report;
  }

  /** What is to run after a change; a change that cannot say it has not begun. */
  async #next(change: Change, before: Deployment): Promise<NextDeployment> {
    const { journal, store } = this.#options;
    try {
      return await nextDeployment(store, before, journal.kept, change);
    } catch (thrown) {
      journal.end();
      throw thrown;
    }
  }

  /** Why a service is not started. */
  #problemOf(service: string): KerfError | undefined {
    const { databases, settings } = this.#options;
    return databases.problemOf(service) ?? settings.problemOf(service);
  }

  /** Where a service moves, nothing is compared, but what it moves to is not to be cold. */
  async #warmMoved(change: Change): Promise<void> {
    if (change.moves.length === 0) return;
    const { acknowledged, clock, deployed, load } = this.#options;
    const units = Object.keys(change.units).filter((unit) => !isGateway(unit));
    await warmMoved({
      clock,
      load,
      units,
      share: async (share) => {
        deployed.canary = { units: new Set(units), share };
        await acknowledged();
      },
      step: (detail, work) => this.#step(change, "warm", detail, work),
    });
  }

  /** What staged copies are watched by, once they are called. */
  #watching(change: Change, before: Deployment, after: Deployment): Watching {
    const { acknowledged, clock, deployed, load, supervisor } = this.#options;
    const releases = ({ released }: Deployment, unit: string): string =>
      String(released?.releases[unit] ?? "");
    const units = Object.keys(change.units).filter(
      (unit) =>
        !isGateway(unit) &&
        Object.hasOwn(before.units, unit) &&
        // One that waited for something is compared with nothing.
        supervisor.slotsOf(unit).some((slot) => slot.routable.length > 0) &&
        releases(before, unit) !== releases(after, unit),
    );
    const verdict = new WatchVerdict();
    const named = (unit: string) => ({
      old: releases(before, unit),
      now: releases(after, unit),
    });
    return {
      clock,
      load,
      verdict,
      // Where a service moves, old and new copies of a unit do not have the same services: they cannot be compared.
      units: change.moves.length > 0 ? [] : units,
      releases: named,
      share: async (share) => {
        this.#watch ??= { change, verdict, units, releases: named, share, since: clock.now() };
        this.#watch.share = share;
        deployed.canary = { units: new Set(units), share };
        await acknowledged();
      },
      step: (step, detail, work) => this.#step(change, step, detail, work),
    };
  }

  /** Whether other builds go together with what runs; answers what is worth knowing. */
  async #judge(change: Change, before: Deployment, force: boolean): Promise<GateFinding[]> {
    if (change.builds === undefined && change.app === undefined) return [];
    let findings: GateFinding[] = [];
    await this.#step(change, "gate", undefined, async () => {
      const verdict = await judge(this.#options, before, change);
      ({ findings } = verdict);
      assertGo(verdict, force);
      const against = findings.filter((finding) => finding.verdict !== "compatible").length;
      return against === 0 ? undefined : `by force, with ${against} against it`;
    });
    return findings;
  }

  /** The tables of new builds are there before their code is; they only ever grow, so that what serves is not hurt. */
  async #migrate(
    change: Change,
    before: Deployment,
    target: Deployment,
    kept: KeptPlacement,
  ): Promise<void> {
    const { databases, journal } = this.#options;
    const { builds = {} } = change;
    const services = target.manifest.services.filter(
      ({ database, name }) => database !== undefined && Object.hasOwn(builds, name),
    );
    if (services.length === 0 || change.kind === "rollback") return;
    const names = inOrder(
      target.manifest,
      services.map(({ name }) => name),
    );
    try {
      await this.#step(change, "migrate", names.join(", "), async () => {
        await databases.migrateAhead(target.manifest, names, (service, migrations) =>
          this.#migrated.push(...migrations.map((each) => `${each} of ${service}`)),
        );
        return this.#migrated.length === 0 ? undefined : this.#migrated.join(", ");
      });
    } catch (thrown) {
      await this.#neverServed(change, kept, thrown);
      journal.end();
      throw this.#failed(change, before, thrown);
    }
  }

  /** The releases that were made for it stay in the list, with the step at which it failed and why. */
  async #neverServed({ at }: Change, kept: KeptPlacement, thrown: unknown): Promise<void> {
    const { deployed, store } = this.#options;
    const failure = { failed: this.#failedAt ?? "start", failure: inOneLine(thrown) };
    await store.failed(releasesOf(kept, deployed.current.manifest.app), at, failure);
  }

  /** What whoever asked for it is told. */
  #failed(change: Change, before: Deployment, thrown: unknown): KerfError {
    const came = { failedAt: this.#failedAt, migrated: this.#migrated };
    return nothingChanged(change, before, came, thrown);
  }

  async #undo(change: Change, staged: Staged, drainMs?: number): Promise<void> {
    const { deployed } = this.#options;
    await this.#step(change, "undo", undefined, async () => {
      deployed.moving = new Map();
      deployed.canary = undefined;
      // The old ones are called again before the new ones go.
      await this.#options.acknowledged();
      await staged.abandon(drainMs);
      deployed.beside = undefined;
    });
  }

  async #step(
    { id, kind, title }: Change,
    step: RolloutStep,
    detail: string | undefined,
    /** Answers what is worth telling of it. */
    work: () => Promise<string | void>,
  ): Promise<void> {
    const { clock, events } = this.#options;
    const begun = clock.now();
    const told = { type: "rollout" as const, change: id, kind, title, step };
    const about = detail === undefined ? undefined : { detail };
    events.emit({ ...told, state: "started", ...about });
    this.#doing = { step, since: new Date(clock.wall()).toISOString(), ...about };
    try {
      const said = await work();
      const came = (typeof said === "string" ? said : undefined) ?? detail;
      const ms = Math.round(clock.now() - begun);
      const more = came === undefined ? undefined : { detail: came };
      events.emit({ ...told, state: "done", ms, ...more });
    } catch (thrown) {
      const ms = Math.round(clock.now() - begun);
      this.#failedAt ??= step;
      events.emit({ ...told, state: "failed", ms, detail: describeError(thrown) });
      throw thrown;
    } finally {
      this.#doing = undefined;
    }
  }
}

/** A unit that sleeps gets a copy by a change: what is new of it must show that it gets ready. */
function awake(plan: Plan): Plan {
  const units = Object.entries(plan.units).map(([unit, kept]) => [
    unit,
    kept?.copies === 0 ? { ...kept, copies: 1 } : kept,
  ]);
  return { ...plan, units: Object.fromEntries(units) as Plan["units"] };
}

/** The units of a change, as they were and as they are. */
function touched(change: Plan, before: Deployment, after: Deployment): ChangeReport["units"] {
  const placed = (deployment: Deployment, unit: string) => {
    const services = gatewayMembers(deployment.manifest, unit) ?? deployment.units[unit];
    const release = deployment.released?.releases[unit];
    if (services === undefined) return undefined;
    return {
      services: [...services],
      copies: copiesOf(deployment, unit),
      ...(release === undefined ? undefined : { release }),
    };
  };
  return Object.fromEntries(
    Object.keys(change.units).map((unit) => {
      const [was, is] = [placed(before, unit), placed(after, unit)];
      return [unit, { ...(was && { before: was }), ...(is && { after: is }) }];
    }),
  );
}

/** Where each service that moves is to be. */
function destinations({ moves, units }: Plan): Map<string, string> {
  return new Map(
    moves.flatMap((service) =>
      Object.entries(units)
        .filter(([, unit]) => unit?.services.includes(service))
        .map(([unit]): [string, string] => [service, unit]),
    ),
  );
}

function counted(copies: number): string {
  return copies === 1 ? "1 copy" : `${copies} copies`;
}
