import { rmSync } from "node:fs";
import { join } from "node:path";
import type { FramedServer } from "@kerf/call";
import type { HttpListener } from "@kerf/call/http";
import type { Status } from "@kerf/control-api";
import { makeSpareClusters } from "@kerf/data/embedded";
import { type Clock, KerfError } from "@kerf/kernel";
import { type AppManifest, systemSchema } from "@kerf/service";
import { apiPortSetting, freePort, gatewayPortSetting } from "./api/ports.ts";
import { assemble } from "./assemble.ts";
import { readApp } from "./manifest/read-app.ts";
import type { PlatformOptions } from "./options.ts";
import type { Held, Parts, PlatformSurroundings } from "./parts.ts";
import { deploy, type Deployment, ownUnits } from "./placement/deployment.ts";
import { readReleases } from "./releases/read-releases.ts";
import { recoverChange } from "./rollouts/recover-change.ts";
import { readBroker } from "./resources/broker.ts";
import { loadKeys, loadToken } from "./resources/keys.ts";
import { openSecurity } from "./resources/security.ts";
import type { Program } from "./supervisor/program.ts";
import { gatherStatus } from "./status.ts";
import { nextEpoch } from "./state/epoch.ts";
import { Home } from "./state/home.ts";
import { clearUnfinished, readJson, writeJson } from "./state/json-file.ts";
import { lockHome } from "./state/lock.ts";
import { version } from "./version.ts";

/** How long each part of a stop may take, in milliseconds, one after the other. `orphaned`: the launcher is gone. */
const stopBounds = {
  asked: { gateways: 2_000, units: 3_000, databases: 2_000 },
  orphaned: { gateways: 1_000, units: 1_500, databases: 1_000 },
};

/** How long after the start the next start is prepared, in milliseconds: what serves goes first. */
const prepareAfterMs = 2_000;
/** How long after it later starts of copies are made cheaper, in milliseconds: it takes a second of a processor, which an app that has just started needs itself. */
const bundleAfterMs = 10_000;

/** One environment's platform: starts everything, keeps it running, tells everyone who runs where, and answers for it. */
export class Platform {
  readonly #options: PlatformOptions;
  readonly #around: PlatformSurroundings;
  readonly #held: Held;
  readonly #parts: Parts;
  readonly #ended = Promise.withResolvers<void>();
  #phase: Status["phase"] = "starting";
  #api: HttpListener | undefined;
  #hosts: FramedServer | undefined;
  #stopped: Promise<void> | undefined;
  #adopting = false;

  private constructor(options: PlatformOptions, around: PlatformSurroundings, held: Held) {
    this.#options = options;
    this.#around = around;
    this.#held = held;
    this.#parts = assemble(options, around, held, {
      status: () => this.status(),
      redeploy: (deployment) => this.#redeploy(deployment),
      databaseChanged: (service) => this.#databaseChanged(service),
      prepareDatabases: () => this.#prepareDatabases(this.#parts.deployed.current.manifest),
      // Whoever runs us waits for its end.
      stop: (reason) => void this.stop(reason),
    });
  }

  /** Takes the home for this process; throws `start_failed` when another platform has it. Starts nothing. */
  static async open(options: PlatformOptions, around: PlatformSurroundings): Promise<Platform> {
    const home = Home.open(options.home);
    const unlock = lockHome(home.lock, home.root);
    try {
      clearUnfinished(home.state);
      const [keys, token, epoch] = await Promise.all([
        loadKeys(home),
        loadToken(home),
        nextEpoch(join(home.state, "epoch.json")),
      ]);
      const security =
        options.network === "tcp" ? await openSecurity(home, options, around) : undefined;
      const containers =
        options.runtime === "docker" ? await openContainers(home, options, around) : undefined;
      const held = { home, unlock, keys, token, epoch, security, containers };
      return new Platform(options, around, held);
    } catch (cause) {
      unlock();
      throw cause;
    }
  }

  /** Starts everything: in the order in which the parts need each other, and side by side what can be. */
  async start(): Promise<void> {
    const { clock, events } = this.#around;
    const {
      databases,
      deployed,
      journal,
      publisher,
      reloader,
      rotation,
      scaling,
      supervisor,
      memoryLimits,
    } = this.#parts;
    const { host, port, platformPort, watch } = this.#options;
    const begun = clock.now();

    // A broker that cannot be is found before anything is started.
    await readBroker(this.#options.broker);
    await assertRedisSetting(this.#options.redis);
    await this.#held.containers?.backings.prepare();
    // Ports first: a taken one is found before anything heavy is started.
    const adopting = supervisor.leftovers();
    this.#adopting = adopting;
    if (!adopting) await freePort(gatewayPortSetting, host, port);
    await freePort(apiPortSetting, "127.0.0.1", platformPort);

    void this.#parts.brokerServer?.start();
    // The servers of last time, while the app is being read and our own doors are opened.
    databases.startEarly(readJson<{ servers: string[] }>(this.#serversFile)?.servers ?? ["main"]);
    [this.#api, this.#hosts] = await Promise.all([
      this.#parts.listenApi(),
      this.#parts.listenHosts(),
    ]);
    await this.#announce();
    const unfinished = journal.unfinished();
    const deployment = await this.#readDeployment(adopting);
    const { manifest } = deployment;
    await Promise.all([
      deployed.set(deployment, adopting ? supervisor.leftoverPorts() : undefined),
      this.#parts.telemetry.prepare(manifest.telemetry),
    ]);
    deployed.starting = !adopting;
    this.#assertStarting();

    // Nothing is published before it is known what runs; from then on everyone is told every change.
    const undone = unfinished?.isCommitted === false ? unfinished.change.id : undefined;
    scaling.begin(adopting ? supervisor.leftoverCopies(undone) : undefined);
    const wanted = deployed.programs;
    const adopted = await supervisor.reconcile(wanted, undone);
    for (const { unit, record } of adopted) {
      // Not what was draining, since its place has been taken back.
      const serves = supervisor.slotsOf(unit).some(({ current }) => current?.record === record);
      if (serves && record.attached !== undefined)
        this.#parts.attached.restore(unit, record.attached);
    }
    if (adopted.length > 0) {
      events.done("adopt", "Taking over what runs", counted(adopted, "process", "processes"));
      // Nothing is started for them, which is when it would be looked at.
      await Promise.all(manifest.services.map(({ name }) => this.#parts.settings.check(name)));
    }
    await this.#parts.images?.find();
    this.#assertStarting();
    publisher.open();
    rotation.start();
    memoryLimits.start();
    this.#parts.compileCache.start();

    // Programs load while their databases are prepared, and get their boot documents when those are ready.
    const units = wanted.filter(({ kind, sidecar }) => kind === "host" && sidecar !== true);
    const [front, ...fronts] = wanted.filter(({ kind }) => kind === "gateway");
    const foreign = wanted.filter(({ sidecar }) => sidecar === true);
    const starting = (id: string, programs: readonly Program[], one: string): Promise<void> =>
      programs.length === 0
        ? Promise.resolve()
        : events.step(id, `Starting ${counted(programs, one)}`, () => supervisor.apply(programs));
    await Promise.all([
      events.step(
        "databases",
        "Preparing databases",
        () => this.#prepareDatabases(manifest),
        () => counted(databases.servers, "server"),
      ),
      starting("units", units, "unit"),
      starting("gateway", front === undefined ? [] : [front], "gateway"),
    ]);
    // The other front doors and programs in other languages last: they would take the machine from what answers first.
    await Promise.all([
      starting("gateways", fronts, "more gateway"),
      starting("programs", foreign, "sidecar"),
    ]);
    await supervisor.retireOthers(wanted, stopBounds.asked.units);
    if (unfinished !== undefined) {
      const { audit, releases: store } = this.#parts;
      await recoverChange(unfinished, { app: manifest.app, audit, events, journal, store });
    }

    await this.#parts.databaseMoves.recover();

    // Ready is what answers: everyone knows the way to everyone.
    deployed.starting = false;
    await publisher.acknowledged();
    this.#assertStarting();
    scaling.start();
    // They never hold up what is ours.
    void this.#parts.images?.start();
    if (watch) reloader.start();
    this.#phase = "ready";
    events.emit({ type: "ready", status: this.status(), ms: Math.round(clock.now() - begun) });
    // What programs recorded meanwhile waits for it.
    this.#parts.telemetry.start();
    this.#parts.logShipper.start();
    this.#parts.alerting.start();
    this.#parts.domains.start();
    if (databases.servers.some((server) => server.embedded && server.image === undefined)) {
      clock.after(prepareAfterMs, () => void this.#prepareNextCluster());
    }
    clock.after(bundleAfterMs, () => void this.#parts.programBundle?.prepare());
  }

  /** What is to run: the releases, or the app as its source is now. */
  #readDeployment(adopting: boolean): Promise<Deployment> {
    const { clock, events } = this.#around;
    const { draining, journal, releases: store, settings } = this.#parts;
    const { app, cut, releases } = this.#options;
    const { home } = this.#held;
    if (releases) {
      const { signal } = draining;
      const newest = (service: string) => settings.newest(service);
      const around = { options: this.#options, store, journal, newest, events, clock, signal };
      return events.step("app", "Reading the releases", () => readReleases(around), summary);
    }
    const since = performance.timeOrigin;
    const read = async (): Promise<Deployment> => {
      const manifest = await readApp({ home, app, adopting, since, ...this.#around });
      // Whoever starts everything anew says himself where it is to be.
      if (cut !== undefined && !adopting) journal.forget();
      return deploy(manifest, this.#options, journal.kept);
    };
    return events.step("app", "Reading the app", read, summary);
  }

  /** Puts back the spare cluster that this start may have taken. Never rejects: the next start makes what it misses itself. */
  async #prepareNextCluster(): Promise<void> {
    const { signal } = this.#parts.draining;
    try {
      if (!signal.aborted) await makeSpareClusters({ systemSchema, signal });
    } catch (error) {
      this.#around.log.debug("no spare database cluster was made", { error });
    }
  }

  /** Whether programs serve that a platform before this one started: a start that fails is no reason to end them. */
  get takesOver(): boolean {
    return this.#adopting;
  }

  /** Everything that runs, as it is now. */
  status(): Status {
    const { deployed, supervisor, databases, load, publisher, scaling, settings, telemetry } =
      this.#parts;
    return gatherStatus({
      deployed,
      environment: this.#options.environment,
      inContainers: this.#held.containers !== undefined,
      phase: this.#phase,
      change: this.#parts.rollouts.status,
      supervisor,
      databases,
      load,
      scaling,
      settings,
      telemetry: telemetry.status,
      broker: this.#parts.brokerServer,
      redis: this.#parts.redis,
      domains: this.#parts.domains.status(),
      platform: {
        url: this.#api?.url ?? "",
        pid: process.pid,
        version,
        home: this.#held.home.root,
        epoch: publisher.snapshot?.epoch ?? 0,
        generation: publisher.snapshot?.generation ?? 0,
      },
    });
  }

  /** Resolves when everything has been stopped, whoever asked for it. */
  get whenStopped(): Promise<void> {
    return this.#ended.promise;
  }

  /** Stops everything, front doors first, and gives the home back. Idempotent, bounded, never rejects. */
  stop(reason: string, how: keyof typeof stopBounds = "asked"): Promise<void> {
    this.#stopped ??= this.#stop(reason, stopBounds[how]);
    return this.#stopped;
  }

  async #stop(reason: string, bounds: (typeof stopBounds)["asked"]): Promise<void> {
    const { clock, log, events } = this.#around;
    const { caller, databases, draining, reloader, rotation, scaling, supervisor, memoryLimits } =
      this.#parts;
    const { alerting, logShipper, telemetry } = this.#parts;
    this.#phase = "stopping";
    events.emit({ type: "stopping", reason });
    log.info(`stopping: ${reason}`);
    const attempt = async (work: Promise<unknown> | undefined): Promise<void> => {
      try {
        await work;
      } catch (error) {
        log.error("could not stop cleanly", { error });
      }
    };
    draining.abort();
    reloader.stop();
    this.#parts.domains.stop();
    scaling.stop();
    this.#parts.images?.stop();
    supervisor.letGo();
    // What is about to stop fails nobody.
    await attempt(bounded(clock, alerting.stop(), bounds.databases / 2));
    await attempt(supervisor.stop("gateway", bounds.gateways));
    await attempt(supervisor.stop("host", bounds.units));
    // What stopped has told it everything.
    const stopTelemetry = async (): Promise<void> => {
      await bounded(clock, logShipper.stop(), bounds.databases / 2);
      await telemetry.stop(bounds.databases / 2);
    };
    await attempt(
      Promise.all([
        databases.stop(bounds.databases),
        this.#parts.brokerServer?.stop(bounds.databases),
        this.#parts.redis.stop(bounds.databases),
        stopTelemetry(),
      ]),
    );
    rotation.stop();
    memoryLimits.stop();
    this.#parts.compileCache.stop();
    await attempt(this.#held.containers?.close());
    this.#held.security?.authority.close();
    this.#held.security?.identity.stop();
    await attempt(caller.stop());
    await attempt(this.#hosts?.close());
    await attempt(this.#api?.close());
    rmSync(this.#held.home.platformFile, { force: true });
    this.#held.unlock();
    this.#ended.resolve();
  }

  /** Tells the command line where we answer. */
  #announce(): Promise<void> {
    const startedAt = new Date(this.#around.clock.wall()).toISOString();
    const { platformFile } = this.#held.home;
    return writeJson(platformFile, { url: this.#api?.url, pid: process.pid, startedAt, version });
  }

  get #serversFile(): string {
    return join(this.#held.home.state, "servers.json");
  }

  async #prepareDatabases(manifest: AppManifest): Promise<void> {
    const { databases, redis } = this.#parts;
    // The databases of units that run elsewhere are there too.
    const own = new Set(Object.values(ownUnits(this.#parts.deployed.current)).flat());
    const services = manifest.services.filter(({ name }) => own.has(name));
    const inRedis = services.flatMap(({ name, redis: has }) => (has === true ? [name] : []));
    await Promise.all([databases.prepare({ ...manifest, services }), redis.prepare(inRedis)]);
    const embedded = databases.servers.filter((server) => server.embedded);
    await writeJson(this.#serversFile, { servers: embedded.map(({ name }) => name) });
  }

  /** Makes a newly read app the one that runs: everyone is told, what is new is started, what is gone is stopped. */
  async #redeploy(deployment: Deployment): Promise<void> {
    const { deployed, publisher, reloader, supervisor } = this.#parts;
    await deployed.set(deployment);
    publisher.changed();
    const wanted = deployed.programs;
    await Promise.all([this.#prepareDatabases(deployment.manifest), supervisor.apply(wanted)]);
    await supervisor.retireOthers(wanted, stopBounds.asked.units);
    reloader.refresh();
  }

  /** A service that was left out because of its database can be started now. */
  #databaseChanged(service: string): void {
    const { databases, deployed, publisher, redis, supervisor } = this.#parts;
    publisher.changed();
    const { images } = this.#parts;
    const unit =
      deployed.unitOf(service) ?? (images?.keepsEvents(service) === true ? service : undefined);
    const ready = (databases.problemOf(service) ?? redis.problemOf(service)) === undefined;
    if (this.#phase === "stopping" || !ready || unit === undefined) return;
    for (const slot of supervisor.slotsOf(unit)) {
      if (slot.heldBack) void slot.start();
      // What fails is reported, and the copy without it serves on.
      else if (slot.current?.record.heldBack.includes(service)) slot.replace().catch(() => {});
      // One that was told a moment ago that it is held back is on its way to its end.
      else if (slot.current?.state === "starting")
        void slot.current.whenEnded.then(() => {
          if (slot.heldBack) void slot.start();
        });
    }
  }

  #assertStarting(): void {
    if (this.#phase === "starting") return;
    throw new KerfError("cancelled", "The platform was stopped while it started.");
  }
}

/** A Redis that cannot be is found before anything is started. Throws `invalid_configuration`. */
async function assertRedisSetting(setting: string | undefined): Promise<void> {
  if (setting === undefined) return;
  const { readRedis } = await import("./resources/redis/redis-setting.ts");
  await readRedis(setting);
}

/** What runs containers is loaded here, and only here. */
async function openContainers(
  home: Home,
  { brokerImage, postgresImage, redisImage }: PlatformOptions,
  around: PlatformSurroundings,
): Promise<NonNullable<Held["containers"]>> {
  const { Containers } = await import("./runtimes/docker/containers.ts");
  const images = { broker: brokerImage, postgres: postgresImage, redis: redisImage };
  return Containers.open(home, { ...around, images });
}

/** Waits for a work, but no longer than `ms` milliseconds. */
async function bounded(clock: Clock, work: Promise<unknown>, ms: number): Promise<void> {
  const bound = Promise.withResolvers<void>();
  const timer = clock.after(ms, bound.resolve);
  await Promise.race([work, bound.promise]);
  timer.cancel();
}

function summary({ manifest: { app, services, gateways } }: Deployment): string {
  return `${app}: ${counted(services, "service")}, ${counted(gateways, "gateway")}`;
}

function counted(things: readonly unknown[], one: string, many = `${one}s`): string {
  return `${things.length} ${things.length === 1 ? one : many}`;
}
