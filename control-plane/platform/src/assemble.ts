import { join } from "node:path";
import {
  Caller,
  connectFramed,
  type FramedServer,
  PrincipalSigner,
  type SignedSnapshot,
  SnapshotDiscovery,
  SnapshotStore,
  unitAt,
} from "@kerf/call";
import type { HttpListener } from "@kerf/call/http";
import type { Status } from "@kerf/control-api";
import { type Clock, type Principal, systemRandom, TimerWheel } from "@kerf/kernel";
import type { AppManifest } from "@kerf/service";
import type { Logger } from "@kerf/telemetry";
import type { Alerting } from "./alerts/alerting.ts";
import { assembleAlerts } from "./alerts/assemble-alerts.ts";
import type { ApiSurroundings } from "./api/operations.ts";
import { AuditLog } from "./audit/audit-log.ts";
import { logSources } from "./api/log-sources.ts";
import { freePort, gatewayPortSetting } from "./api/ports.ts";
import { SessionStore } from "./dashboard/session-store.ts";
import { judge } from "./gate/gate.ts";
import { Domains } from "./domains/domains.ts";
import type { PlatformOptions } from "./options.ts";
import { composeBoot } from "./placement/boot.ts";
import { Deployed } from "./placement/deployed.ts";
import { deploy, type Deployment } from "./placement/deployment.ts";
import { LoadKeeper } from "./load/load-keeper.ts";
import { listenHosts } from "./placement/listen-hosts.ts";
import { Publisher } from "./placement/publisher.ts";
import { serviceOf } from "./manifest/service-of.ts";
import { programs } from "./programs.ts";
import { ReleaseStore } from "./releases/release-store.ts";
import { residentBytes } from "./runtimes/resident-memory.ts";
import { Journal } from "./rollouts/journal.ts";
import { Rollouts } from "./rollouts/rollouts.ts";
import type { EventLog } from "./progress/event-log.ts";
import { readBroker } from "./resources/broker.ts";
import { BrokerServer } from "./resources/broker-server.ts";
import { Databases } from "./resources/databases.ts";
import { DatabaseMoves } from "./resources/moves/database-moves.ts";
import { Locations } from "./resources/moves/locations.ts";
import { type Keys, publicHalf } from "./resources/keys.ts";
import type { Security } from "./resources/security.ts";
import { ImageSecrets } from "./runtimes/docker/image-secrets.ts";
import { ImageUnits } from "./runtimes/docker/image-units.ts";
import type { ForeignImages } from "./runtimes/docker/foreign-images.ts";
import type { Containers } from "./runtimes/docker/containers.ts";
import { ProgramBundle } from "./program-bundle/program-bundle.ts";
import { CompileCache } from "./runtimes/compile-cache.ts";
import { ProcessRuntime } from "./runtimes/process.ts";
import { AutoScaling } from "./scaling/auto-scaling.ts";
import { Lag } from "./scaling/lag.ts";
import { Settings } from "./settings/settings.ts";
import { SettingsChanges } from "./settings/settings-changes.ts";
import type { Home } from "./state/home.ts";
import { AttachedPrograms } from "./supervisor/attached-programs.ts";
import { LogRotation } from "./supervisor/log-rotation.ts";
import { MemoryLimits } from "./supervisor/memory-limits.ts";
import { isSuperseded } from "./supervisor/slot.ts";
import { Supervisor } from "./supervisor/supervisor.ts";
import { assembleTelemetry } from "./telemetry/assemble-telemetry.ts";
import type { LogShipper } from "./telemetry/log-shipper.ts";
import type { StoreProcess } from "./telemetry/store-process.ts";
import { TokenStore } from "./tokens/token-store.ts";
import { Reloader } from "./watch/reloader.ts";

/** How long a program that was detached may finish what it has begun, milliseconds, where nothing takes its place. */
const detachBoundMs = 5_000;

/** What is in force of a service that nothing is set of. */
const nothingSet = { config: 0, secrets: 0, reached: { config: 0, secrets: 0 } };

/** What a platform is given by the process that it is. */
export interface PlatformSurroundings {
  readonly clock: Clock;
  readonly log: Logger;
  readonly events: EventLog;
  /** Our descriptor of the launcher's lifeline. */
  readonly lifeline: number | undefined;
  /** Reads the app. */
  describe(signal?: AbortSignal): Promise<AppManifest>;
}

/** What a platform has taken for itself before it is put together. */
export interface Held {
  readonly home: Home;
  readonly unlock: () => void;
  readonly keys: Keys;
  readonly token: string;
  readonly epoch: number;
  /** Where programs talk over TCP: who certifies them, and who we are to them. */
  readonly security: Security | undefined;
  /** Where units run in containers. */
  readonly containers: Containers | undefined;
}

/** What the parts ask of the whole. */
export interface Whole {
  status(): Status;
  /** Makes a newly read app the one that runs. */
  redeploy(deployment: Deployment): Promise<void>;
  /** The database of a service became as its code needs it, or stopped being so. */
  databaseChanged(service: string): void;
  /** Makes the databases that are missing. */
  prepareDatabases(): Promise<void>;
  stop(reason: string): void;
}

/** The parts of a platform, put together and not started. */
export interface Parts {
  readonly deployed: Deployed;
  readonly databases: Databases;
  readonly databaseMoves: DatabaseMoves;
  /** What carries events, where we run it. */
  readonly brokerServer: BrokerServer | undefined;
  readonly settings: Settings;
  readonly audit: AuditLog;
  readonly supervisor: Supervisor;
  readonly publisher: Publisher;
  /** What instances measure of themselves. */
  readonly load: LoadKeeper;
  readonly memoryLimits: MemoryLimits;
  readonly compileCache: CompileCache;
  /** What programs start quicker from, where they run builds. */
  readonly programBundle: ProgramBundle | undefined;
  /** Images of others, where units are containers. */
  readonly images: ForeignImages | undefined;
  readonly caller: Caller;
  readonly reloader: Reloader;
  readonly rotation: LogRotation;
  readonly journal: Journal;
  readonly releases: ReleaseStore;
  readonly rollouts: Rollouts;
  /** As many copies as load asks for. */
  readonly scaling: AutoScaling;
  readonly attached: AttachedPrograms;
  /** Keeps what all programs tell of themselves. */
  readonly telemetry: StoreProcess;
  /** Takes logs there. */
  readonly logShipper: LogShipper;
  /** Judges objectives and tells people. */
  readonly alerting: Alerting;
  /** Orders the certificates of the app's names. */
  readonly domains: Domains;
  /** Aborts when the API is to let go of its streams. */
  readonly draining: AbortController;
  listenApi(): Promise<HttpListener>;
  listenHosts(): Promise<FramedServer>;
}

/** Puts a platform together, from what is kept to what is told to the outside. Starts nothing. */
export function assemble(
  options: PlatformOptions,
  around: PlatformSurroundings,
  { home, keys, token, epoch, security, containers }: Held,
  whole: Whole,
): Parts {
  const { clock, log, events } = around;
  const { environment, logLevel } = options;
  const wheel = new TimerWheel(clock);
  const published = Promise.withResolvers<SignedSnapshot>();
  const draining = new AbortController();

  // What is to run.
  const deployed = new Deployed(
    options,
    (host, port) => freePort(gatewayPortSetting, host, port),
    (manifest) => domains.prepare(manifest),
  );

  // The certificates of its names.
  const domains = new Domains({
    home,
    clock,
    random: systemRandom,
    log,
    environment,
    appModule: options.app,
    manifest: () => deployed.manifest,
    answers: (gateway) =>
      supervisor.slotsOf(`gateway:${gateway}`).some(({ state }) => state === "ready"),
    problem: (error, source) => events.problem(error, source),
  });

  // What services keep their data in.
  const locations = new Locations(home);
  const databases = new Databases({
    home,
    clock,
    log,
    locations,
    containers: containers?.backings.postgres,
    beside: () => images?.databases ?? [],
    ahead: options.releases ? "allowed" : "refused",
    moved: ({ name, state, pid }) =>
      events.emit({ type: "instance", unit: `postgres:${name}`, instance: name, state, pid }),
    changed: (service) => whole.databaseChanged(service),
    problem: (error, source) => events.problem(error, source),
  });

  // What carries their events.
  const brokerContainer = containers?.backings.broker;
  const brokerServer =
    brokerContainer &&
    new BrokerServer({
      container: brokerContainer,
      clock,
      log,
      logFile: home.log("broker"),
      moved: ({ state, pid }) =>
        events.emit({ type: "instance", unit: "broker", instance: "broker", state, pid }),
      problem: (error, source) => events.problem(error, source),
    });

  // What operators set of services.
  const settings = new Settings({
    environment,
    state: home.state,
    masterKeyFile: options.masterKeyFile,
    clock,
    service: (name) => serviceOf(manifest(), name),
    inForce: (service) => {
      const { released } = deployed.current;
      return released && (released.settings[service] ?? nothingSet);
    },
    named: (service) => {
      const named = releases.settingsOf(service);
      return {
        config: named.map(({ config }) => config),
        secrets: [
          ...named.map(({ secrets }) => secrets),
          ...(images?.secretVersions(service) ?? []),
        ],
      };
    },
    problem: (error, source) => events.problem(error, source),
  });

  // What was changed, by whom.
  const audit = new AuditLog(join(home.state, "audit.jsonl"), clock);

  // The programs that run, wherever the runtime puts them.
  const compileCache = new CompileCache(join(home.cache, "compiled"), clock);
  const programBundle = options.releases
    ? new ProgramBundle({
        folder: join(home.cache, "programs"),
        clock,
        log,
        signal: draining.signal,
      })
    : undefined;
  const processes = new ProcessRuntime({
    clock,
    programs,
    lifeline: around.lifeline,
    bundled: programBundle?.pathOf,
    variables: compileCache.variables(),
  });
  const runtime = containers?.beside(processes) ?? processes;
  const telemetry = assembleTelemetry({
    home,
    clock,
    log,
    runtime: processes,
    otlpSocket: containers?.otlpSocket ?? home.telemetryOtlpSocket,
    // Who takes any port for the others does so for this one.
    usualPorts: environment === "dev" && options.platformPort !== 0,
    servers: () => databases.servers,
    moved: ({ state, pid }) =>
      events.emit({ type: "instance", unit: "telemetry", instance: "telemetry", state, pid }),
    problem: (error, source) => events.problem(error, source),
  });
  const snapshot = async (): Promise<SignedSnapshot> => publisher.signed ?? published.promise;
  const manifest = (): AppManifest => deployed.current.manifest;
  const broker = () => brokerServer?.place() ?? readBroker(options.broker);
  const mutualTls = security !== undefined;
  const bootFacts = {
    home,
    keys,
    databases,
    settings,
    broker,
    environment,
    logLevel,
    manifest: ({ change }: { readonly change?: string | undefined }) =>
      change === undefined ? manifest() : deployed.coming,
    snapshot,
    telemetryStore: () => telemetry.store.endpoint,
    mutualTls,
  };
  const limits = (unit: string) => deployed.coming.limits?.[unit] ?? {};
  const supervisor = new Supervisor({
    clock,
    log,
    home,
    appModule: options.app,
    network: options.network,
    environment,
    runtime,
    boot: async (program, record) => {
      if (program.kind !== "gateway") await containers?.prepared();
      return composeBoot(bootFacts, program, record);
    },
    attached: (unit) => attached.of(unit),
    limits,
    changed: () => {
      publisher.changed();
      reloader.refresh();
    },
    moved: ({ unit, id, state, pid }) =>
      events.emit({ type: "instance", unit, instance: id, state, pid }),
    problem: (error, source, lines) => events.problem(error, source, lines),
    acknowledged: () => publisher.acknowledged(),
  });
  containers?.presence.onBack(() => supervisor.hurry());

  // Copies that use the newest settings; a start that a newer one took the place of may have read older ones.
  let exchanging: Promise<unknown> = Promise.resolve();
  const exchange = (unit: string): ReturnType<Supervisor["replace"]> => {
    const again = (): ReturnType<Supervisor["replace"]> => supervisor.replace(unit);
    const done = exchanging.then(() =>
      again().catch((thrown: unknown) => {
        if (isSuperseded(thrown)) return again();
        throw thrown;
      }),
    );
    exchanging = done.catch(() => {});
    return done;
  };

  // What authors run by hand in the place of what their services declare.
  const attached = new AttachedPrograms({
    clock,
    replace: (unit) =>
      supervisor.replace(unit).catch((thrown: unknown) => {
        // A newer start takes its place, with the same program.
        if (!isSuperseded(thrown)) throw thrown;
      }),
    startAnew: (unit) => supervisor.startAnew(unit, detachBoundMs, draining.signal),
    stopping: draining.signal,
    problem: (error, unit) => events.problem(error, unit),
  });

  const load = new LoadKeeper(clock);
  const memoryLimits = new MemoryLimits({
    clock,
    slots: () => supervisor.slots,
    load: (instance) => load.instance(instance),
    limit: (unit) => limits(unit).memoryBytes,
    problem: (error, source) => {
      log.warn(error.message, { unit: source, code: error.code });
      events.problem(error, source);
    },
  });

  // Who runs where, told to everyone who routes, ourselves included.
  const store = new SnapshotStore({ publicKey: publicHalf(keys.snapshot), log });
  const principalKey = publicHalf(keys.principal);
  const facts = () => ({
    environment,
    principalKeys: [principalKey],
    issuerKeys: [publicHalf(keys.issuer)],
    authorities: security?.authority.trusted,
  });
  const publisher = new Publisher({
    clock,
    epoch,
    key: keys.snapshot,
    placement: () => {
      const placement = deployed.placement(supervisor, facts());
      return images?.into(placement) ?? placement;
    },
    routers: () => supervisor.instances,
    onPublish: ({ generation }, signed) => {
      store.accept(signed);
      published.resolve(signed);
      log.info("placement published", { epoch, generation });
    },
  });

  // Images of others that run beside our units.
  const images = containers?.images({
    clock,
    log,
    changed: () => publisher.changed(),
    acknowledged: () => publisher.acknowledged(),
    gateways: () => manifest().gateways,
    secrets: new ImageSecrets(home.root, settings.secrets),
    units: new ImageUnits(() => supervisor),
    contractOf: (name) => manifest().services.find((service) => service.name === name)?.contract,
    prepareDatabase: async (name) => {
      await whole.prepareDatabases();
      const problem = databases.problemOf(name);
      if (problem !== undefined) throw problem;
    },
    isTaken: (name) =>
      Object.hasOwn(deployed.units, name) ||
      manifest().services.some((service) => service.name === name),
  });
  deployed.images = () => images?.programs ?? [];

  // What is changed of all that while it runs.
  const journal = new Journal(home.state);
  const releases = new ReleaseStore(home.root, home.state);
  const rollouts = new Rollouts({
    clock,
    events,
    journal,
    store: releases,
    databases,
    settings,
    load,
    deployed,
    supervisor,
    acknowledged: () => publisher.acknowledged(),
    memory: () => residentBytes(supervisor.instances.map(({ pid }) => pid)),
  });

  const change: ApiSurroundings["change"] = async (plan, asked) => {
    const report = await rollouts.run(plan, asked);
    // What changed may be what somebody waited for.
    const services = Object.values(report.units).flatMap(({ after }) => after?.services ?? []);
    const own = services.filter((name) => manifest().services.some((each) => each.name === name));
    await Promise.all(own.map((name) => settings.check(name)));
    return report;
  };

  const settingsChanges = new SettingsChanges({
    settings,
    isReleased: () => deployed.current.released !== undefined,
    change,
    assertFree: () => rollouts.assertFree(),
    exchange: async (service) => {
      const unit = deployed.unitOf(service);
      return unit === undefined ? [] : (await exchange(unit)).map(({ id }) => id);
    },
    copiesWith: (service) =>
      supervisor
        .slotsOf(deployed.unitOf(service) ?? "")
        .flatMap(({ current }) => (current === undefined ? [] : [current.id])),
  });

  const databaseMoves = new DatabaseMoves({
    home,
    clock,
    databases,
    locations,
    rollouts,
    manifest,
    unitOf: (service) => deployed.unitOf(service),
    exchange: async (unit) => {
      try {
        const slots = supervisor.slotsOf(unit).map((slot) => slot.replace());
        const replaced = await Promise.all(slots);
        await publisher.acknowledged();
        return replaced.map(({ id }) => id);
      } catch (thrown) {
        // From the moment of the move on the old ones have nothing to work with any more.
        if (locations.isCommitted) await supervisor.startAnew(unit, detachBoundMs, draining.signal);
        throw thrown;
      }
    },
    problem: (error, source) => events.problem(error, source),
  });

  // As many copies as load asks for, where that is wanted.
  const scaling = new AutoScaling({
    clock,
    log,
    deployed,
    load,
    audit,
    serving: (unit) =>
      supervisor
        .slotsOf(unit)
        .flatMap(({ current }) => (current?.routable === true ? current.id : [])),
    lag: (unit) => lag.of(unit),
    resize: async (unit) => {
      const program = deployed.programs.find((each) => each.unit === unit);
      if (program !== undefined) await supervisor.resize(program);
    },
    isChanging: (unit) => rollouts.running?.units !== undefined && unit in rollouts.running.units,
    changed: () => publisher.changed(),
  });

  security?.authority.onChange(() => publisher.changed());

  // Our own way to call services, for operators.
  const caller = new Caller({
    clock,
    random: systemRandom,
    wheel,
    log,
    discovery: new SnapshotDiscovery(store),
    connect: (address) =>
      connectFramed(address, {
        clock,
        wheel,
        log,
        hello: { instance: "platform" },
        security: security && {
          identity: security.identity,
          unitAt: (at) => unitAt(store.current, at),
        },
      }),
    wake: (service) => scaling.wake(service),
    checked: false,
  });
  const signer = new PrincipalSigner(keys.principal, { environment, clock });
  const signPrincipal = (principal: Principal): string => signer.sign(principal);

  const lag = new Lag({
    caller,
    clock,
    wheel,
    log,
    signPrincipal,
    followers: (unit) =>
      (deployed.units[unit] ?? []).filter((name) => serviceOf(manifest(), name).follows.length > 0),
    isAsleep: (unit) => deployed.isAsleep(unit),
  });

  // What the author changes meanwhile.
  const reloader = new Reloader({
    clock,
    events,
    supervisor,
    databases,
    deployment: () => deployed.current,
    describe: async (signal) => deploy(await around.describe(signal), options, journal.kept),
    deploy: (deployment) => whole.redeploy(deployment),
  });

  // Who is told that objectives are missed.
  const alerts = assembleAlerts({
    clock,
    log,
    state: home.state,
    environment,
    secrets: settings.secrets,
    manifest,
    store: () => telemetry.reachable,
    changes: () => audit.read({ limit: 1_000 }),
    unitOf: (service) => deployed.unitOf(service),
    url: () => whole.status().platform.url,
    problem: (error, source) => events.problem(error, source),
  });

  // What is told to the outside: operators over HTTP, hosts over a socket.
  const sessions = new SessionStore(home.state, clock);
  const surroundings: ApiSurroundings = {
    clock,
    wheel,
    events,
    databases,
    databaseMoves,
    domains,
    images,
    settings,
    audit,
    tokens: new TokenStore(home.state, clock),
    caller,
    signPrincipal,
    manifest,
    status: () => whole.status(),
    logs: (of) =>
      logSources(of, {
        home,
        units: deployed.units,
        slots: supervisor.slots,
        servers: databases.servers,
        telemetry: telemetry.reachable !== undefined,
        images: images?.logs ?? [],
        broker: brokerServer?.logFile,
      }),
    attached,
    telemetry: () => telemetry.reachable,
    ...alerts,
    unitOf: (service) => deployed.unitOf(service),
    change,
    judge: (plan) => judge({ store: releases, databases, settings }, deployed.current, plan),
    coming: (service) => settings.coming(service),
    changedNames: (...of) => settings.changedNames(...of),
    releases,
    placed: () => ({ deployment: deployed.current, kept: journal.kept }),
    settingsChanges,
    rollouts,
    unitStops: {
      environment,
      supervisor,
      units: () => Object.keys(deployed.units),
      assertFree: () => rollouts.assertFree(),
    },
    openDashboard: (holder) => {
      const { code, expires } = sessions.issue(holder);
      return { url: `${whole.status().platform.url}/#code=${code}`, expires };
    },
    replaceWholly: async (unit) => (await supervisor.replaceWholly(unit)).map(({ id }) => id),
    stop: (reason) => whole.stop(reason),
  };
  const common = { clock, wheel, log, environment };
  const ownLogs = [join(home.logs, "platform.log"), home.log("telemetry")];

  return {
    deployed,
    databases,
    databaseMoves,
    brokerServer,
    settings,
    audit,
    supervisor,
    publisher,
    load,
    memoryLimits,
    compileCache,
    programBundle,
    images,
    caller,
    reloader,
    rotation: new LogRotation(clock, () => [
      ...supervisor.logs,
      ...databases.logs,
      ...(images?.logs ?? []).map(({ file }) => file),
      ...(brokerServer === undefined ? [] : [brokerServer.logFile]),
      ...ownLogs,
    ]),
    journal,
    releases,
    rollouts,
    scaling,
    attached,
    telemetry: telemetry.store,
    logShipper: telemetry.shipper,
    alerting: alerts.alerting,
    domains,
    draining,
    listenApi: async () => {
      // Loaded while the database servers start: its contract, schemas and tools are not needed before.
      const { listenApi } = await import("./api/listen.ts");
      return listenApi({
        ...common,
        port: options.platformPort,
        token,
        surroundings,
        sessions,
        principalKey,
        signPrincipal,
        draining: draining.signal,
      });
    },
    listenHosts: () =>
      listenHosts({
        ...common,
        socket: home.socket,
        containers,
        supervisor,
        publisher,
        load,
        wake: (service) => scaling.wake(service),
        authority: security?.authority,
        problem: (error, source) => events.problem(error, source),
      }),
  };
}
