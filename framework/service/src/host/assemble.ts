import { flushCompileCache } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type AnyBoot, listenFramed } from "@kerf/call";
import { Workload } from "@kerf/call/host";
import { KerfError, Lifecycle } from "@kerf/kernel";
import type { Logger } from "@kerf/telemetry";
import { programOfBuild } from "../build/load-build.ts";
import { developmentEnvironment } from "../declaration/settings.ts";
import { KeyedTokenIssuer } from "../issuer.ts";
import type { AppLoader } from "../loader/loader.ts";
import type { OpenTelemetryBridge } from "../opentelemetry/open-telemetry.ts";
import { rehearse, warmUp } from "../runtime/databases.ts";
import { openSettings } from "../runtime/settings.ts";
import { awaitMigrations } from "./await-migrations.ts";
import type { MakeCompanion } from "./companion.ts";
import { healthOf } from "./health-port.ts";
import { loadUnit } from "./load-unit.ts";
import { openServices } from "./open-services.ts";

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
  const { app, environment, instance, unit } = boot;
  const workload = await Workload.open(boot, log);
  const { clock, wheel } = workload.parts;
  const { store } = workload;
  const { metrics, recorder, sampler } = workload.tracing;
  const tracing = { metrics, recorder, sampler, scope: openTelemetry };
  openTelemetry?.connect({ clock, tracing, unit });

  // The author's services with what they keep and sign with.
  const services = await loadUnit(boot);
  const settings = await openSettings(services, boot.settings ?? {}, {
    development: environment === developmentEnvironment,
  });
  const issuerKey = boot.keys.issuer;
  const issuer = issuerKey && new KeyedTokenIssuer({ app, environment, key: issuerKey, clock });
  const opened = await openServices(workload, services, { settings, issuer, tracing });
  const { databases, inbound, runtime } = opened;

  // The caller's half of the call path, which reaches the services of this process through the callee's.
  const caller = workload.caller({ local: inbound });
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
      const identity = await workload.identify();
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
      await server?.close();
      await opened.close();
      await workload.stop();
      await health?.stop();
    },
  });
  const link = workload.attach({
    state: () => lifecycle.state,
    address: () => server?.address ?? address,
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
