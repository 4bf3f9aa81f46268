import { rmSync } from "node:fs";
import { join } from "node:path";
import {
  Caller,
  connectFramed,
  type FramedServer,
  Inbound,
  listenFramed,
  PrincipalSigner,
  PrincipalVerifier,
  type SignedSnapshot,
  SnapshotDiscovery,
  SnapshotStore,
} from "@kerf/call";
import type { HttpListener } from "@kerf/call/http";
import type { Status } from "@kerf/control-api";
import { type Clock, KerfError, type Principal, systemRandom, TimerWheel } from "@kerf/kernel";
import type { Logger } from "@kerf/telemetry";
import { freePort, listenApi } from "./api/listen.ts";
import { logSources } from "./api/log-sources.ts";
import { platformOperations } from "./api/operations.ts";
import { describeApp } from "./manifest/describe.ts";
import { readApp } from "./manifest/read-app.ts";
import type { PlatformOptions } from "./options.ts";
import { composeBoot } from "./placement/boot.ts";
import {
  deploy,
  type Deployment,
  placedInstances,
  programsOf,
  servedUnits,
} from "./placement/deployment.ts";
import { hostsService } from "./placement/hosts-service.ts";
import { Publisher } from "./placement/publisher.ts";
import { buildPlacement } from "./placement/snapshot-builder.ts";
import { programs } from "./programs.ts";
import type { EventLog } from "./progress/event-log.ts";
import { Databases } from "./resources/databases.ts";
import { type Keys, loadKeys, loadToken, publicHalf } from "./resources/keys.ts";
import { ProcessRuntime } from "./runtimes/process.ts";
import { gatherStatus } from "./status.ts";
import { nextEpoch } from "./state/epoch.ts";
import { Home } from "./state/home.ts";
import { readJson, writeJson } from "./state/json-file.ts";
import { lockHome } from "./state/lock.ts";
import { LogRotation } from "./supervisor/log-rotation.ts";
import type { Program } from "./supervisor/program.ts";
import { Supervisor } from "./supervisor/supervisor.ts";
import { version } from "./version.ts";
import { Reloader } from "./watch/reloader.ts";

/** What a platform is given by the process that it is. */
export interface PlatformSurroundings {
  readonly clock: Clock;
  readonly log: Logger;
  readonly events: EventLog;
  /** Our descriptor of the launcher's lifeline. */
  readonly lifeline: number | undefined;
}

/** How long each part of a stop may take, in milliseconds; in order, 7 s in all. `orphaned`: the launcher is gone. */
const stopBounds = {
  asked: { gateways: 2_000, units: 3_000, databases: 2_000 },
  orphaned: { gateways: 1_000, units: 1_500, databases: 1_000 },
};

/** One environment's platform: starts everything, keeps it running, tells everyone who runs where, and answers for it. */
export class Platform {
  readonly #options: PlatformOptions;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #events: EventLog;
  readonly #wheel: TimerWheel;
  readonly #home: Home;
  readonly #unlock: () => void;
  readonly #keys: Keys;
  readonly #token: string;
  readonly #signer: PrincipalSigner;
  readonly #databases: Databases;
  readonly #supervisor: Supervisor;
  readonly #publisher: Publisher;
  readonly #store: SnapshotStore;
  readonly #caller: Caller;
  readonly #reloader: Reloader;
  readonly #rotation: LogRotation;
  readonly #published = Promise.withResolvers<SignedSnapshot>();
  readonly #draining = new AbortController();
  readonly #ended = Promise.withResolvers<void>();
  readonly #ports = new Map<string, number>();
  #deployment: Deployment | undefined;
  #phase: Status["phase"] = "starting";
  #api: HttpListener | undefined;
  #hosts: FramedServer | undefined;
  #stopped: Promise<void> | undefined;

  private constructor(
    options: PlatformOptions,
    around: PlatformSurroundings,
    held: { home: Home; unlock: () => void; keys: Keys; token: string; epoch: number },
  ) {
    const { clock, log, events } = around;
    this.#options = options;
    this.#clock = clock;
    this.#log = log;
    this.#events = events;
    this.#wheel = new TimerWheel(clock);
    this.#home = held.home;
    this.#unlock = held.unlock;
    this.#keys = held.keys;
    this.#token = held.token;
    const { environment } = options;
    this.#signer = new PrincipalSigner(held.keys.principal, { environment, clock });

    // What services keep their data in.
    this.#databases = new Databases({
      home: held.home,
      clock,
      log,
      moved: (server) =>
        events.emit({
          type: "instance",
          unit: `postgres:${server.name}`,
          instance: server.name,
          state: server.state,
          pid: server.pid,
        }),
      changed: (service) => this.#databaseChanged(service),
      problem: (error, source) => events.problem(error, source),
    });

    // The programs that run, wherever the runtime puts them.
    this.#supervisor = new Supervisor({
      clock,
      log,
      home: held.home,
      appModule: options.app,
      runtime: new ProcessRuntime({ clock, programs, lifeline: around.lifeline }),
      boot: (program, record) =>
        composeBoot(
          {
            home: held.home,
            keys: held.keys,
            databases: this.#databases,
            environment,
            logLevel: options.logLevel,
            deployment: () => this.#deployment as Deployment,
            snapshot: async () => this.#publisher.signed ?? (await this.#published.promise),
          },
          program,
          record,
        ),
      changed: () => {
        this.#publisher.changed();
        this.#reloader.refresh();
      },
      moved: (instance) =>
        events.emit({
          type: "instance",
          unit: instance.unit,
          instance: instance.id,
          state: instance.state,
          pid: instance.pid,
        }),
      problem: (error, source, lines) => events.problem(error, source, lines),
      acknowledged: () => this.#publisher.acknowledged(),
    });

    // Who runs where, told to everyone who routes, ourselves included.
    const publicKey = publicHalf(held.keys.snapshot);
    this.#store = new SnapshotStore({ publicKey, log });
    this.#publisher = new Publisher({
      clock,
      epoch: held.epoch,
      key: held.keys.snapshot,
      placement: () => this.#placement(),
      routers: () => this.#supervisor.instances,
      onPublish: (snapshot, signed) => {
        this.#store.accept(signed);
        this.#published.resolve(signed);
        log.info("placement published", { epoch: snapshot.epoch, generation: snapshot.generation });
      },
    });
    this.#caller = new Caller({
      clock,
      random: systemRandom,
      wheel: this.#wheel,
      log,
      discovery: new SnapshotDiscovery(this.#store),
      connect: (address) =>
        connectFramed(address, { clock, wheel: this.#wheel, log, hello: { instance: "platform" } }),
      checked: false,
    });

    this.#reloader = new Reloader({
      clock,
      events,
      supervisor: this.#supervisor,
      databases: this.#databases,
      deployment: () => this.#deployment as Deployment,
      describe: async (signal) =>
        deploy(await describeApp(programs.describe, options.app, signal), options.cut),
      deploy: (deployment) => this.#redeploy(deployment),
    });
    this.#rotation = new LogRotation(clock, () => [
      ...this.#supervisor.logs,
      join(held.home.logs, "platform.log"),
    ]);
  }

  /** Takes the home for this process; throws `start_failed` when another platform has it. Starts nothing. */
  static async open(options: PlatformOptions, around: PlatformSurroundings): Promise<Platform> {
    const home = Home.open(options.home);
    const unlock = lockHome(home.lock, home.root);
    try {
      const [keys, token, epoch] = await Promise.all([
        loadKeys(home),
        loadToken(home),
        nextEpoch(join(home.state, "epoch.json")),
      ]);
      return new Platform(options, around, { home, unlock, keys, token, epoch });
    } catch (cause) {
      unlock();
      throw cause;
    }
  }

  /** Starts everything, in the order in which the parts need each other, and whatever can be side by side. */
  async start(): Promise<void> {
    const begun = this.#clock.now();
    const events = this.#events;
    const { app, cut, host, port } = this.#options;

    // Ports first: a taken one is found before anything heavy is started.
    const adopting = this.#supervisor.leftovers();
    this.#api = await this.#listenApi();
    if (!adopting) await freePort(host, port);
    await this.#announce();
    this.#hosts = await this.#listenHosts();

    // The servers of last time, while the app is being read.
    const remembered = readJson<{ servers: string[] }>(join(this.#home.state, "servers.json"));
    this.#databases.startEarly(remembered?.servers ?? ["main"]);
    const manifest = await events.step(
      "app",
      "Reading the app",
      () =>
        readApp({
          home: this.#home,
          app,
          adopting,
          problem: (error) => events.problem(error, "app"),
        }),
      (read) =>
        `${read.app}: ${counted(read.services.length, "service")}, ${counted(read.gateways.length, "gateway")}`,
    );
    this.#assertStarting();
    this.#deployment = deploy(manifest, cut);
    await this.#assignPorts(adopting);
    const wanted = this.#programs();

    // Nothing is published before it is known what runs; from then on everyone is told every change.
    const adopted = await this.#supervisor.reconcile(wanted);
    if (adopted > 0)
      events.emit({
        type: "step",
        id: "adopt",
        title: "Taking over what runs",
        state: "done",
        detail: counted(adopted, "process", "processes"),
      });
    this.#assertStarting();
    this.#publisher.open();
    this.#rotation.start();

    // Programs load while their databases are prepared, and get their boot documents when those are ready.
    const units = wanted.filter((program) => program.kind === "host");
    const gateways = wanted.filter((program) => program.kind === "gateway");
    await Promise.all([
      events.step(
        "databases",
        "Preparing databases",
        () => this.#prepareDatabases(),
        () => counted(this.#databases.servers.length, "server"),
      ),
      events.step("units", `Starting ${counted(units.length, "unit")}`, () =>
        this.#supervisor.apply(units),
      ),
      events.step("gateways", `Starting ${counted(gateways.length, "gateway")}`, () =>
        this.#supervisor.apply(gateways),
      ),
    ]);
    await this.#supervisor.retireOthers(wanted, stopBounds.asked.units);
    this.#assertStarting();
    if (this.#options.watch) this.#reloader.start();
    // Ready for clients means that every gateway knows where everything is.
    await this.#publisher.acknowledged();
    this.#phase = "ready";
    events.emit({
      type: "ready",
      status: this.status(),
      ms: Math.round(this.#clock.now() - begun),
    });
  }

  /** Everything that runs, as it is now. */
  status(): Status {
    const { snapshot } = this.#publisher;
    return gatherStatus({
      manifest: this.#deployment?.manifest,
      environment: this.#options.environment,
      phase: this.#phase,
      units: this.#deployment?.units ?? {},
      supervisor: this.#supervisor,
      databases: this.#databases,
      platform: {
        url: this.#api?.url ?? "",
        pid: process.pid,
        version,
        home: this.#home.root,
        epoch: snapshot?.epoch ?? 0,
        generation: snapshot?.generation ?? 0,
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
    this.#phase = "stopping";
    this.#events.emit({ type: "stopping", reason });
    this.#log.info(`stopping: ${reason}`);
    const failures: unknown[] = [];
    const attempt = async (work: Promise<unknown> | undefined): Promise<void> => {
      try {
        await work;
      } catch (cause) {
        failures.push(cause);
      }
    };
    this.#draining.abort();
    this.#reloader.stop();
    this.#supervisor.letGo();
    await attempt(this.#supervisor.stop("gateway", bounds.gateways));
    await attempt(this.#supervisor.stop("host", bounds.units));
    await attempt(this.#databases.stop(bounds.databases));
    this.#rotation.stop();
    await attempt(this.#caller.stop());
    await attempt(this.#hosts?.close());
    await attempt(this.#api?.close());
    for (const error of failures) this.#log.error("could not stop cleanly", { error });
    rmSync(this.#home.platformFile, { force: true });
    this.#unlock();
    this.#ended.resolve();
  }

  #listenApi(): Promise<HttpListener> {
    const signPrincipal = (principal: Principal): string => this.#signer.sign(principal);
    return listenApi({
      port: this.#options.platformPort,
      token: this.#token,
      environment: this.#options.environment,
      principalKey: publicHalf(this.#keys.principal),
      signPrincipal,
      clock: this.#clock,
      wheel: this.#wheel,
      log: this.#log,
      draining: this.#draining.signal,
      operations: platformOperations({
        clock: this.#clock,
        wheel: this.#wheel,
        events: this.#events,
        databases: this.#databases,
        caller: this.#caller,
        manifest: () => this.#deployment?.manifest,
        status: () => this.status(),
        logs: (of) =>
          logSources(of, {
            home: this.#home,
            deployment: this.#deployment,
            slots: this.#supervisor.slots,
            servers: this.#databases.servers,
          }),
        signPrincipal,
        restart: async (unit) =>
          (await this.#supervisor.replace(unit)).map((instance) => instance.id),
        // It ends by itself; whoever runs us waits for that.
        stop: (reason) => void this.stop(reason),
      }),
    });
  }

  /** Where instances and gateways attach. */
  #listenHosts(): Promise<FramedServer> {
    const { environment } = this.#options;
    const clock = this.#clock;
    const inbound = new Inbound({
      services: [
        hostsService({
          supervisor: this.#supervisor,
          publisher: this.#publisher,
          problem: (error, source) => this.#events.problem(error, source),
        }),
      ],
      clock,
      wheel: this.#wheel,
      log: this.#log,
      checked: false,
      // Who it is proves itself by its token.
      mayCall: () => true,
      principals: new PrincipalVerifier(() => [], { environment, clock }),
    });
    return listenFramed(`unix:${this.#home.socket}`, {
      dispatcher: inbound,
      clock,
      wheel: this.#wheel,
      log: this.#log,
      instance: "platform",
    });
  }

  /** Tells the command line where we answer. */
  #announce(): Promise<void> {
    return writeJson(this.#home.platformFile, {
      url: this.#api?.url,
      pid: process.pid,
      startedAt: new Date(this.#clock.wall()).toISOString(),
      version,
    });
  }

  /** Makes a newly read app the one that runs: everyone is told, what is new is started, what is gone is stopped. */
  async #redeploy(deployment: Deployment): Promise<void> {
    this.#deployment = deployment;
    await this.#assignPorts(false);
    this.#publisher.changed();
    const wanted = this.#programs();
    await Promise.all([this.#prepareDatabases(), this.#supervisor.apply(wanted)]);
    await this.#supervisor.retireOthers(wanted, stopBounds.asked.units);
    this.#reloader.refresh();
  }

  async #prepareDatabases(): Promise<void> {
    const { manifest } = this.#deployment as Deployment;
    await this.#databases.prepare(manifest);
    const servers = this.#databases.servers
      .filter((server) => server.embedded)
      .map((server) => server.name);
    await writeJson(join(this.#home.state, "servers.json"), { servers });
  }

  /** A service that was left out because of its database can be started now. */
  #databaseChanged(service: string): void {
    this.#publisher.changed();
    if (this.#phase === "stopping" || this.#databases.problemOf(service) !== undefined) return;
    const unit = Object.entries(this.#deployment?.units ?? {}).find(([, services]) =>
      services.includes(service),
    )?.[0];
    for (const slot of unit === undefined ? [] : this.#supervisor.slotsOf(unit)) {
      if (slot.heldBack) void slot.start();
      // What fails is reported, and the copy without it serves on.
      else if (slot.current?.record.heldBack.includes(service) === true)
        slot.replace().catch(() => {});
    }
  }

  /** The first gateway has the port that was asked for, each further one the next; with 0 any that is free. */
  async #assignPorts(adopting: boolean): Promise<void> {
    const { host, port } = this.#options;
    const gateways = this.#deployment?.manifest.gateways ?? [];
    for (const [index, { name }] of gateways.entries()) {
      if (this.#ports.has(name)) continue;
      const wanted = port === 0 ? 0 : port + index;
      // One that runs has its port already, and tells it when it attaches.
      this.#ports.set(name, adopting ? wanted : await freePort(host, wanted));
    }
  }

  #programs(): Program[] {
    return programsOf(this.#deployment as Deployment, this.#options.host, this.#ports);
  }

  #placement() {
    const deployment = this.#deployment as Deployment;
    return buildPlacement({
      manifest: deployment.manifest,
      environment: this.#options.environment,
      units: servedUnits(deployment, this.#supervisor),
      instances: placedInstances(deployment, this.#supervisor),
      principalKeys: [publicHalf(this.#keys.principal)],
      issuerKeys: [publicHalf(this.#keys.issuer)],
    });
  }

  #assertStarting(): void {
    if (this.#phase === "starting") return;
    throw new KerfError("cancelled", "The platform was stopped while it started.");
  }
}

function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
