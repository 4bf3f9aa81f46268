import { flushCompileCache } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type AnyBoot,
  Caller,
  CallerPlacement,
  connectFramed,
  Inbound,
  listenFramed,
  mayCall,
  PrincipalVerifier,
  PlacedDiscovery,
  SnapshotStore,
  type WorkloadIdentity,
} from "@kerf/call";
import { obtainIdentity, openLink } from "@kerf/call/host";
import { openBroker } from "@kerf/events";
import { KerfError, Lifecycle, systemClock, systemRandom, TimerWheel } from "@kerf/kernel";
import { type Logger, openTracing } from "@kerf/telemetry";
import { programOfBuild } from "../build/load-build.ts";
import { developmentEnvironment } from "../declaration/settings.ts";
import { KeyedTokenIssuer } from "../issuer.ts";
import type { AppLoader } from "../loader/loader.ts";
import type { OpenTelemetryBridge } from "../opentelemetry/open-telemetry.ts";
import { closeDatabases, openDatabases, rehearse, warmUp } from "../runtime/databases.ts";
import { ServiceRuntime } from "../runtime/runtime.ts";
import { openSettings } from "../runtime/settings.ts";
import { awaitMigrations } from "./await-migrations.ts";
import type { MakeCompanion } from "./companion.ts";
import { healthOf } from "./health-port.ts";
import { loadUnit } from "./load-unit.ts";

/** When a program that has just become ready has time for itself, milliseconds: the others of the app start beside it. */
const settledMs = 1_000;

/** Bound of asking the databases before a start, milliseconds. */
const askMs = 5_000;

/** What an instance of a unit is given beside its boot document. */
export interface HostSurroundings {
  readonly loader: AppLoader;
  /** Makes what implements the unit's services outside of this process. */
  readonly companion?: MakeCompanion | undefined;
  /** What instrumentation of the author's knows us by; undefined where the app has none. */
  readonly openTelemetry?: OpenTelemetryBridge | undefined;
  /** It has gone, and the instance with it. */
  readonly failed: (error: KerfError) => void;
}

/** Everything that an instance of a unit consists of, put together in the order in which the parts need each other. */
export async function assembleHost(
  boot: AnyBoot,
  log: Logger,
  { loader, companion: makeCompanion, openTelemetry, failed }: HostSurroundings,
): Promise<Lifecycle> {
  const { app, checked, environment, instance, release, unit } = boot;
  const clock = systemClock;
  const random = systemRandom;
  const wheel = new TimerWheel(clock);

  // Who runs where: the newer of what the platform said at the start and what lies on disk, until it says more.
  const store = SnapshotStore.of(boot, log);

  const resource = { app, environment, unit, instance, release };
  const opened = await openTracing(boot.telemetry ?? {}, {
    resource,
    clock,
    random,
    log,
    store: boot.telemetryStore,
  });
  const { metrics, recorder, sampler } = opened;
  const tracing = { metrics, recorder, sampler, scope: openTelemetry };
  openTelemetry?.connect({ clock, tracing, unit });

  // The author's services with what they keep and sign with.
  const services = await loadUnit(boot);
  const databases = await openDatabases(services, boot.databases, { instance, clock, tracing });
  const settings = await openSettings(services, boot.settings ?? {}, {
    development: environment === developmentEnvironment,
  });
  const broker = boot.broker && (await openBroker(boot.broker, clock));
  const issuerKey = boot.keys.issuer;
  const issuer = issuerKey && new KeyedTokenIssuer({ app, environment, key: issuerKey, clock });
  const runtime = new ServiceRuntime({
    services,
    databases,
    broker,
    settings,
    issuer,
    clock,
    wheel,
    random,
    log,
    instance,
    tracing,
  });

  // The callee's half of the call path, then the caller's, which reaches the services of this process through the former.
  const principals = new PrincipalVerifier(() => store.current?.principalKeys ?? [], {
    environment,
    clock,
  });
  const placement = new CallerPlacement({ store, clock, log });
  const inbound = new Inbound({
    services: runtime.served(),
    clock,
    wheel,
    log,
    checked,
    mayCall: (...asked) => mayCall(store.current, ...asked),
    speaksFor: (...asked) => placement.speaksFor(...asked),
    principals,
    policies: boot.policies,
    recorder,
    metrics,
  });
  let identity: WorkloadIdentity | undefined;
  const discovery = new PlacedDiscovery(store, { clock, random, log });
  const connect = (address: string) =>
    connectFramed(address, {
      clock,
      wheel,
      log,
      hello: { instance },
      security: identity && { identity, unitAt: (at) => discovery.unitAt(at) },
    });
  const caller = new Caller({
    clock,
    random,
    wheel,
    log,
    discovery,
    connect,
    wake: (service) => link.wake(service),
    local: inbound,
    checked,
    policies: boot.policies,
    recorder,
    metrics,
  });
  runtime.connect(caller);
  const address = addressOf(boot);
  const companion = makeCompanion?.({
    services,
    runtime,
    caller,
    clock,
    wheel,
    log,
    directory: companionDirectory(boot, address),
    program: boot.program ?? builtProgram(boot),
    failed,
  });

  let server: Awaited<ReturnType<typeof listenFramed>> | undefined;
  const health = healthOf(boot, () => lifecycle.state);
  const lifecycle = new Lifecycle({
    name: `unit ${unit}`,
    async start() {
      await health?.start();
      if (boot.platform === undefined) await awaitMigrations(boot, services, { clock, log });
      // Before anything that calls: who talks over TCP must say who it is.
      identity = await obtainIdentity(boot, { link, store, clock, random, log });
      // When the whole app starts, connections are made only where sagas are about to go on anyway.
      const isAlone = store.current?.starting !== true;
      await runtime.assertSagasKnown(clock.now() + askMs, isAlone);
      // Whoever is routed to here finds the program there.
      await companion?.start();
      server = await listenFramed(address, {
        dispatcher: inbound,
        clock,
        wheel,
        log,
        instance,
        identity,
        reusePort: boot.platform === undefined && boot.reusePort,
      });
      // A copy that joins a running app gets its share of the calls at once; when the whole app starts, the others need the
      // processor more.
      if (store.current?.starting !== true) await rehearse(databases, clock);
      link.start();
    },
    async drain() {
      // At once: calls from outside are refused from here on, those of workers and handlers of this process are not.
      await Promise.all([runtime.stopWorkers(), server?.drain(), inbound.drain()]);
      // Last: what was in flight needed it.
      await companion?.stop();
    },
    async stop() {
      await runtime.stopWorkers();
      await companion?.stop();
      await caller.stop();
      discovery.stop();
      await server?.close();
      await broker?.close();
      await closeDatabases(databases);
      await opened.stop();
      identity?.stop();
      await link.stop();
      await health?.stop();
    },
  });
  const link = openLink({
    boot,
    store,
    clock,
    log,
    state: () => lifecycle.state,
    address: () => server?.address ?? addressOf(boot),
    files: () => loader.files.all,
    load: inbound.load,
  });
  lifecycle.onChange((state) => {
    log.info(`the unit is ${state}`, { services: boot.services });
    link.report();
    if (state !== "ready") return;
    runtime.startWorkers();
    const isStarting = store.current?.starting === true;
    clock.after(settledMs, async () => {
      if (isStarting) await warmUp(databases, clock);
      // For the next start, with what the first calls needed. Node writes each piece once, and a program that is killed writes none.
      flushCompileCache();
    });
  });
  return lifecycle;
}

/** Beside the socket of this instance or, when it has none, of the platform, if there is one: paths of sockets must be short. */
function companionDirectory({ instance, platform }: AnyBoot, address: string): string {
  const unix = /^unix:(.*)$/;
  const own = unix.exec(address)?.[1];
  if (own !== undefined) return `${own}.d`;
  if (platform === undefined) return join(tmpdir(), `${instance}.d`);
  return `${unix.exec(platform.address)?.[1] ?? ""}.${instance}.d`;
}

/** A unit whose service is a program of its own has no other service. */
function builtProgram({ builds = {}, services }: AnyBoot): AnyBoot["program"] {
  const [build] = services.map((name) => builds[name]);
  return build === undefined ? undefined : programOfBuild(build);
}

function addressOf(boot: AnyBoot): string {
  if (boot.address !== undefined) return boot.address;
  throw new KerfError("invalid_configuration", {
    message: `The boot document of ${boot.unit} names no address to listen on.`,
    fix: "Only gateways go without one; restart the platform: kerf dev",
  });
}
