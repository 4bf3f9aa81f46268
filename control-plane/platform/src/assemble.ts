import { join } from "node:path";
import { systemRandom, TimerWheel } from "@kerf/kernel";
import type { AppManifest } from "@kerf/service";
import { assembleAlerts } from "./alerts/assemble-alerts.ts";
import { assembleApi } from "./api/assemble-api.ts";
import type { ApiSurroundings } from "./api/operations.ts";
import { freePort, gatewayPortSetting } from "./api/ports.ts";
import { AuditLog } from "./audit/audit-log.ts";
import { Domains } from "./domains/domains.ts";
import { LoadKeeper } from "./load/load-keeper.ts";
import { serviceOf } from "./manifest/service-of.ts";
import type { PlatformOptions } from "./options.ts";
import type { Held, Parts, PlatformSurroundings, Whole } from "./parts.ts";
import { assemblePlacement } from "./placement/assemble-placement.ts";
import { composeBoot } from "./placement/boot.ts";
import { Deployed } from "./placement/deployed.ts";
import { deploy } from "./placement/deployment.ts";
import { listenHosts } from "./placement/listen-hosts.ts";
import { ownCalls } from "./placement/own-calls.ts";
import { ReleaseStore } from "./releases/release-store.ts";
import { assembleResources } from "./resources/assemble-resources.ts";
import { readBroker } from "./resources/broker.ts";
import { DatabaseMoves } from "./resources/moves/database-moves.ts";
import { Journal } from "./rollouts/journal.ts";
import { Rollouts } from "./rollouts/rollouts.ts";
import { assembleRuntime } from "./runtimes/assemble-runtime.ts";
import { ImageSecrets } from "./runtimes/docker/image-secrets.ts";
import { ImageUnits } from "./runtimes/docker/image-units.ts";
import { residentBytes } from "./runtimes/resident-memory.ts";
import { assembleScaling } from "./scaling/assemble-scaling.ts";
import { Settings } from "./settings/settings.ts";
import { SettingsChanges } from "./settings/settings-changes.ts";
import { AttachedPrograms } from "./supervisor/attached-programs.ts";
import { Exchanges } from "./supervisor/exchanges.ts";
import { LogRotation } from "./supervisor/log-rotation.ts";
import { MemoryLimits } from "./supervisor/memory-limits.ts";
import { isSuperseded } from "./supervisor/slot.ts";
import { Supervisor } from "./supervisor/supervisor.ts";
import { assembleTelemetry } from "./telemetry/assemble-telemetry.ts";
import { Reloader } from "./watch/reloader.ts";

/** How long a program that was detached may finish what it has begun, milliseconds, where nothing takes its place. */
const detachBoundMs = 5_000;

/** What is in force of a service that nothing is set of. */
const nothingSet = { config: 0, secrets: 0, reached: { config: 0, secrets: 0 } };

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
  const common = { clock, wheel, log, environment };
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

  // What services keep their data in, and what carries their events.
  const { brokerServer, databases, locations, redis } = assembleResources({
    home,
    clock,
    log,
    backings: containers?.backings,
    redis: options.redis,
    beside: () => images?.databases ?? [],
    ahead: options.releases ? "allowed" : "refused",
    moved: (unit, instance, { state, pid }) =>
      events.emit({ type: "instance", unit, instance, state, pid }),
    changed: (service) => whole.databaseChanged(service),
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
  const { compileCache, processes, programBundle, runtime } = assembleRuntime({
    home,
    clock,
    log,
    lifeline: around.lifeline,
    runsBuilds: options.releases,
    containers,
    stopping: draining.signal,
  });
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
  const manifest = (): AppManifest => deployed.current.manifest;
  const broker = () => brokerServer?.place() ?? readBroker(options.broker);
  const mutualTls = security !== undefined;
  const bootFacts = {
    home,
    keys,
    databases,
    redis,
    settings,
    broker,
    environment,
    logLevel,
    manifest: ({ change }: { readonly change?: string | undefined }) =>
      change === undefined ? manifest() : deployed.coming,
    snapshot: () => signed(),
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
  const { principalKey, publisher, signed, store } = assemblePlacement({
    clock,
    log,
    epoch,
    environment,
    keys,
    security,
    placement: (facts) => {
      const placement = deployed.placement(supervisor, facts);
      return images?.into(placement) ?? placement;
    },
    routers: () => supervisor.instances,
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

  const exchanges = new Exchanges(supervisor);
  const settingsChanges = new SettingsChanges({
    settings,
    isReleased: () => deployed.current.released !== undefined,
    change,
    assertFree: () => rollouts.assertFree(),
    exchange: async (service) => {
      const unit = deployed.unitOf(service);
      return unit === undefined ? [] : (await exchanges.of(unit)).map(({ id }) => id);
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

  const { caller, signPrincipal } = ownCalls({
    ...common,
    keys,
    store,
    security,
    wake: (service) => scaling.wake(service),
  });
  const scaling = assembleScaling({
    ...common,
    deployed,
    supervisor,
    rollouts,
    manifest,
    load,
    audit,
    caller,
    signPrincipal,
    changed: () => publisher.changed(),
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

  const ownLogs = [join(home.logs, "platform.log"), home.log("telemetry")];
  const parts = {
    deployed,
    databases,
    databaseMoves,
    brokerServer,
    redis,
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
      ...(redis.logFile === undefined ? [] : [redis.logFile]),
      ...ownLogs,
    ]),
    journal,
    releases,
    rollouts,
    scaling,
    attached,
    logShipper: telemetry.shipper,
    domains,
    draining,
  };
  // What is told to the outside: operators over HTTP, hosts over a socket.
  const listenApi = assembleApi(parts, {
    ...common,
    ...alerts,
    home,
    events,
    whole,
    signPrincipal,
    manifest,
    telemetry: () => telemetry.reachable,
    change,
    settingsChanges,
  });
  return {
    ...parts,
    telemetry: telemetry.store,
    alerting: alerts.alerting,
    listenApi: () => listenApi({ port: options.platformPort, token, principalKey }),
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
