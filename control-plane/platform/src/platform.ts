import { rmSync } from "node:fs";
import { join } from "node:path";
import {
  Caller,
  connectFramed,
  type FramedServer,
  PrincipalSigner,
  type SignedSnapshot,
  SnapshotDiscovery,
  SnapshotStore,
} from "@kerf/call";
import type { HttpListener } from "@kerf/call/http";
import type { Status } from "@kerf/control-api";
import { type Clock, KerfError, systemRandom, TimerWheel } from "@kerf/kernel";
import type { AppManifest } from "@kerf/service";
import type { Logger } from "@kerf/telemetry";
import { freePort, listenApi } from "./api/listen.ts";
import { logSources } from "./api/log-sources.ts";
import { platformOperations } from "./api/operations.ts";
import { readApp } from "./manifest/read-app.ts";
import type { PlatformOptions } from "./options.ts";
import { composeBoot } from "./placement/boot.ts";
import { Deployed } from "./placement/deployed.ts";
import { deploy, type Deployment } from "./placement/deployment.ts";
import { listenHosts } from "./placement/listen-hosts.ts";
import { Publisher } from "./placement/publisher.ts";
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
  /** Reads the app; tests and a head start have their own way to begin. */
  describe(signal?: AbortSignal): Promise<AppManifest>;
}

/** What a platform has taken for itself before it is put together. */
interface Held {
  readonly home: Home;
  readonly unlock: () => void;
  readonly keys: Keys;
  readonly token: string;
  readonly epoch: number;
}

/** How long each part of a stop may take, in milliseconds, one after the other. `orphaned`: the launcher is gone. */
const stopBounds = {
  asked: { gateways: 2_000, units: 3_000, databases: 2_000 },
  orphaned: { gateways: 1_000, units: 1_500, databases: 1_000 },
};

/** One environment's platform: starts everything, keeps it running, tells everyone who runs where, and answers for it. */
export class Platform {
  readonly #options: PlatformOptions;
  readonly #around: PlatformSurroundings;
  readonly #held: Held;
  readonly #wheel: TimerWheel;
  readonly #signer: PrincipalSigner;
  readonly #deployed: Deployed;
  readonly #databases: Databases;
  readonly #supervisor: Supervisor;
  readonly #publisher: Publisher;
  readonly #caller: Caller;
  readonly #reloader: Reloader;
  readonly #rotation: LogRotation;
  readonly #published = Promise.withResolvers<SignedSnapshot>();
  readonly #draining = new AbortController();
  readonly #ended = Promise.withResolvers<void>();
  #phase: Status["phase"] = "starting";
  #api: HttpListener | undefined;
  #hosts: FramedServer | undefined;
  #stopped: Promise<void> | undefined;

  /** Puts the parts together; starts nothing. */
  private constructor(options: PlatformOptions, around: PlatformSurroundings, held: Held) {
    const { clock, log, events } = around;
    const { environment } = options;
    const { home, keys } = held;
    this.#options = options;
    this.#around = around;
    this.#held = held;
    this.#wheel = new TimerWheel(clock);
    const wheel = this.#wheel;
    this.#signer = new PrincipalSigner(keys.principal, { environment, clock });

    // What is to run.
    this.#deployed = new Deployed(options, freePort);

    // What services keep their data in.
    this.#databases = new Databases({
      home,
      clock,
      log,
      moved: ({ name, state, pid }) =>
        events.emit({ type: "instance", unit: `postgres:${name}`, instance: name, state, pid }),
      changed: (service) => this.#databaseChanged(service),
      problem: (error, source) => events.problem(error, source),
    });

    // The programs that run, wherever the runtime puts them.
    this.#supervisor = new Supervisor({
      clock,
      log,
      home,
      appModule: options.app,
      runtime: new ProcessRuntime({ clock, programs, lifeline: around.lifeline }),
      boot: (program, record) =>
        composeBoot(
          {
            home,
            keys,
            databases: this.#databases,
            environment,
            logLevel: options.logLevel,
            manifest: () => this.#deployed.current.manifest,
            snapshot: async () => this.#publisher.signed ?? (await this.#published.promise),
          },
          program,
          record,
        ),
      changed: () => {
        this.#publisher.changed();
        this.#reloader.refresh();
      },
      moved: ({ unit, id, state, pid }) =>
        events.emit({ type: "instance", unit, instance: id, state, pid }),
      problem: (error, source, lines) => events.problem(error, source, lines),
      acknowledged: () => this.#publisher.acknowledged(),
    });

    // Who runs where, told to everyone who routes, ourselves included.
    const store = new SnapshotStore({ publicKey: publicHalf(keys.snapshot), log });
    const principalKeys = [publicHalf(keys.principal)];
    const issuerKeys = [publicHalf(keys.issuer)];
    this.#publisher = new Publisher({
      clock,
      epoch: held.epoch,
      key: keys.snapshot,
      placement: () =>
        this.#deployed.placement(this.#supervisor, { environment, principalKeys, issuerKeys }),
      routers: () => this.#supervisor.instances,
      onPublish: ({ epoch, generation }, signed) => {
        store.accept(signed);
        this.#published.resolve(signed);
        log.info("placement published", { epoch, generation });
      },
    });

    // Our own way to call services, for operators.
    this.#caller = new Caller({
      clock,
      random: systemRandom,
      wheel,
      log,
      discovery: new SnapshotDiscovery(store),
      connect: (address) =>
        connectFramed(address, { clock, wheel, log, hello: { instance: "platform" } }),
      checked: false,
    });

    // What the author changes meanwhile.
    this.#reloader = new Reloader({
      clock,
      events,
      supervisor: this.#supervisor,
      databases: this.#databases,
      deployment: () => this.#deployed.current,
      describe: async (signal) => deploy(await around.describe(signal), options.cut),
      deploy: (deployment) => this.#redeploy(deployment),
    });

    const ownLog = join(home.logs, "platform.log");
    this.#rotation = new LogRotation(clock, () => [...this.#supervisor.logs, ownLog]);
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

  /** Starts everything: in the order in which the parts need each other, and side by side what can be. */
  async start(): Promise<void> {
    const { clock, events } = this.#around;
    const { home } = this.#held;
    const begun = clock.now();

    // Ports first: a taken one is found before anything heavy is started.
    const adopting = this.#supervisor.leftovers();
    if (!adopting) await freePort(this.#options.host, this.#options.port);
    this.#api = await this.#listenApi();
    this.#hosts = await this.#listenHosts();
    await this.#announce();

    // The servers of last time, while the app is being read.
    const last = readJson<{ servers: string[] }>(this.#serversFile);
    this.#databases.startEarly(last?.servers ?? ["main"]);
    const manifest = await events.step(
      "app",
      "Reading the app",
      () => readApp({ home, app: this.#options.app, adopting, ...this.#around }),
      (read) =>
        `${read.app}: ${counted(read.services, "service")}, ${counted(read.gateways, "gateway")}`,
    );
    await this.#deployed.set(deploy(manifest, this.#options.cut), adopting);
    this.#assertStarting();

    // Nothing is published before it is known what runs; from then on everyone is told every change.
    const wanted = this.#deployed.programs;
    const adopted = await this.#supervisor.reconcile(wanted);
    if (adopted.length > 0)
      events.done("adopt", "Taking over what runs", counted(adopted, "process", "processes"));
    this.#assertStarting();
    this.#publisher.open();
    this.#rotation.start();

    // Programs load while their databases are prepared, and get their boot documents when those are ready.
    const units = wanted.filter(({ kind }) => kind === "host");
    const gateways = wanted.filter(({ kind }) => kind === "gateway");
    const run = this.#supervisor;
    await Promise.all([
      events.step(
        "databases",
        "Preparing databases",
        () => this.#prepareDatabases(manifest),
        () => counted(this.#databases.servers, "server"),
      ),
      events.step("units", `Starting ${counted(units, "unit")}`, () => run.apply(units)),
      events.step("gateways", `Starting ${counted(gateways, "gateway")}`, () =>
        run.apply(gateways),
      ),
    ]);
    await this.#supervisor.retireOthers(wanted, stopBounds.asked.units);
    // Ready is what answers: everyone knows the way to everyone.
    await this.#publisher.acknowledged();
    this.#assertStarting();
    if (this.#options.watch) this.#reloader.start();
    this.#phase = "ready";
    events.emit({ type: "ready", status: this.status(), ms: Math.round(clock.now() - begun) });
  }

  /** Everything that runs, as it is now. */
  status(): Status {
    const { snapshot } = this.#publisher;
    return gatherStatus({
      deployed: this.#deployed,
      environment: this.#options.environment,
      phase: this.#phase,
      supervisor: this.#supervisor,
      databases: this.#databases,
      platform: {
        url: this.#api?.url ?? "",
        pid: process.pid,
        version,
        home: this.#held.home.root,
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
    const { log, events } = this.#around;
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
    rmSync(this.#held.home.platformFile, { force: true });
    this.#held.unlock();
    this.#ended.resolve();
  }

  #listenApi(): Promise<HttpListener> {
    const { clock, log, events } = this.#around;
    const wheel = this.#wheel;
    return listenApi({
      port: this.#options.platformPort,
      token: this.#held.token,
      environment: this.#options.environment,
      principalKey: publicHalf(this.#held.keys.principal),
      signPrincipal: (principal) => this.#signer.sign(principal),
      clock,
      wheel,
      log,
      draining: this.#draining.signal,
      operations: platformOperations({
        clock,
        wheel,
        events,
        databases: this.#databases,
        caller: this.#caller,
        manifest: () => this.#deployed.current.manifest,
        status: () => this.status(),
        logs: (of) =>
          logSources(of, {
            home: this.#held.home,
            units: this.#deployed.units,
            slots: this.#supervisor.slots,
            servers: this.#databases.servers,
          }),
        signPrincipal: (principal) => this.#signer.sign(principal),
        restart: async (unit) => (await this.#supervisor.replace(unit)).map(({ id }) => id),
        // Whoever runs us waits for its end.
        stop: (reason) => void this.stop(reason),
      }),
    });
  }

  #listenHosts(): Promise<FramedServer> {
    return listenHosts({
      ...this.#around,
      supervisor: this.#supervisor,
      publisher: this.#publisher,
      problem: (error, source) => this.#around.events.problem(error, source),
      socket: this.#held.home.socket,
      environment: this.#options.environment,
      wheel: this.#wheel,
    });
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
    await this.#databases.prepare(manifest);
    const embedded = this.#databases.servers.filter((server) => server.embedded);
    await writeJson(this.#serversFile, { servers: embedded.map(({ name }) => name) });
  }

  /** Makes a newly read app the one that runs: everyone is told, what is new is started, what is gone is stopped. */
  async #redeploy(deployment: Deployment): Promise<void> {
    await this.#deployed.set(deployment, false);
    this.#publisher.changed();
    const wanted = this.#deployed.programs;
    await Promise.all([
      this.#prepareDatabases(deployment.manifest),
      this.#supervisor.apply(wanted),
    ]);
    await this.#supervisor.retireOthers(wanted, stopBounds.asked.units);
    this.#reloader.refresh();
  }

  /** A service that was left out because of its database can be started now. */
  #databaseChanged(service: string): void {
    this.#publisher.changed();
    const ready = this.#databases.problemOf(service) === undefined;
    const unit = this.#deployed.unitOf(service);
    if (this.#phase === "stopping" || !ready || unit === undefined) return;
    for (const slot of this.#supervisor.slotsOf(unit)) {
      if (slot.heldBack) void slot.start();
      // What fails is reported, and the copy without it serves on.
      else if (slot.current?.record.heldBack.includes(service)) slot.replace().catch(() => {});
    }
  }

  #assertStarting(): void {
    if (this.#phase === "starting") return;
    throw new KerfError("cancelled", "The platform was stopped while it started.");
  }
}

function counted(things: readonly unknown[], one: string, many = `${one}s`): string {
  return `${things.length} ${things.length === 1 ? one : many}`;
}
