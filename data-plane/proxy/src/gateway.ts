import type { IncomingMessage, ServerResponse } from "node:http";
import { dirname } from "node:path";
import { type AnyBoot, PrincipalSigner } from "@kerf/call";
import { RequestLoad, Workload } from "@kerf/call/host";
import {
  createHttpEdge,
  type FrontProtocols,
  type HttpListener,
  listenHttp,
  RequestMetrics,
  RequestSpans,
  type Upgrades,
} from "@kerf/call/http";
import { type Clock, KerfError, Lifecycle } from "@kerf/kernel";
import { type AcmeSettings, healthOf, ServiceRuntime } from "@kerf/service";
import { installLoader } from "@kerf/service/loader";
import type { Logger } from "@kerf/telemetry";
import { Methods } from "./authentication/methods.ts";
import { loadBackend } from "./backend.ts";
import { CurrentConfiguration } from "./configuration.ts";
import { answerHealth, type HealthFacts } from "./health.ts";
import { GatewayPort } from "./port/gateway-port.ts";
import { Reachability } from "./reachability.ts";
import { TrafficKeeper } from "./routes/traffic.ts";
import { ShapingState } from "./shaping.ts";
import { bothDoors } from "./tls/both-doors.ts";
import { Fronts } from "./tls/fronts.ts";
import { openPlainDoor, plainPortOf } from "./tls/plain-door.ts";
import { asksForWebSocket } from "./upstreams/tunnel.ts";

/** How long requests may take to finish once the gateway stops, milliseconds (`defaults.md`: drain). */
const drainMs = 30_000;

/** A gateway that can be started. */
export interface GatewayProgram {
  readonly lifecycle: Lifecycle;
  /** `http://host:port` or `https://host:port`, once it is ready. */
  readonly url: string | undefined;
}

/**
 * Everything that a gateway consists of, put together in the order in which a request meets it, from the services up.
 * Tests give it a clock of their own.
 */
export async function assembleGateway(
  boot: AnyBoot,
  log: Logger,
  ownClock?: Clock,
): Promise<GatewayProgram> {
  const { app, environment, unit } = boot;
  const name = unit.replace(/^gateway:/, "");
  const workload = await Workload.open(boot, log, ownClock);
  const { discovery, parts, store, tracing } = workload;
  const { clock, wheel } = parts;
  const { metrics, recorder, sampler } = tracing;

  // The backend for this kind of client, when there is one: the only code of the author that ever runs in here.
  const loader = boot.services.length > 0 ? installLoader() : undefined;
  const services = loader === undefined ? [] : [await loadBackend(boot, name)];
  const runtime = new ServiceRuntime({
    ...parts,
    services,
    databases: {},
    instance: boot.instance,
    tracing,
  });
  // Nobody reaches it but through this gateway's own routes.
  const inbound = workload.serve(runtime.served(), (from) => from === unit);

  // The way to all services: one pipeline, whether they are here or elsewhere.
  const reachability = new Reachability(discovery);
  const connect = reachability.watch(workload.connect);
  const caller = workload.caller({ local: inbound, connect });
  runtime.connect(caller);

  // The front: who asks, where it goes, and how it is answered.
  const methods = new Methods({
    app,
    environment,
    directory: dirname(boot.appModule),
    issuerKeys: () => store.current?.issuerKeys ?? [],
    signer: new PrincipalSigner(principalKeyOf(boot), { environment, clock }),
    secret: Buffer.from(String(principalKeyOf(boot)["d"]), "base64url"),
    clock,
    log,
  });
  const traffic = new TrafficKeeper(name, { ...parts, identity: () => workload.identity });
  const certificates = boot.domainCertificates;
  const fronts = new Fronts({ directory: dirname(boot.appModule), certificates, clock, log });
  const shaping = new ShapingState(clock, {
    ask: (leases) => link.lease(leases),
    instances: () => store.current?.gateways[name]?.instances ?? 1,
  });
  const lasting = { methods, traffic, fronts, shaping };
  const configuration = new CurrentConfiguration(name, store, log, lasting);
  const draining = new AbortController();
  const load = new RequestLoad();
  const edge = createHttpEdge({
    load,
    routes: () => configuration.current.table,
    foreign: { match: (...asked) => configuration.current.traffic.match(...asked) },
    shaping: () => configuration.current.shaping,
    authenticate: (request, access, response) =>
      configuration.current.authentication.identify(request, access === "user", response),
    send: (call) => caller.send({ ...call, kind: call.description.kind, tuned: call.description }),
    caller: unit,
    clock,
    wheel,
    log,
    sampler,
    spans: recorder && new RequestSpans(recorder, unit),
    metrics: metrics && new RequestMetrics(metrics, unit),
    draining: draining.signal,
  });
  const health: HealthFacts = {
    snapshot: () => store.current,
    discovery,
    reachability,
    own: boot.services,
    draining: () => draining.signal.aborted,
  };

  // Beside the port of clients, for whoever watches one copy of two on a machine.
  const probes = healthOf(boot, () => lifecycle.state);
  const { host, port } = httpOf(boot);
  const gatewayPort = new GatewayPort({ boot, log, clock });
  let listener: HttpListener | undefined;
  const handler = (request: IncomingMessage, response: ServerResponse): void => {
    if (answerHealth(request, response, health, clock)) return;
    const { authentication, shaping: shape } = configuration.current;
    if (authentication.answer(request, response, shape)) return;
    edge(request, response);
  };
  const upgrade: Upgrades = {
    accepts: asksForWebSocket,
    handler(request, response, head) {
      traffic.tunnels.offer(request, head);
      edge(request, response);
    },
  };
  const protocols = (): FrontProtocols => configuration.current.front.protocols();
  /** In development nobody orders, and the usual port is for others. */
  const acmeSettings = (): AcmeSettings | undefined =>
    environment === "dev" ? undefined : configuration.current.settings.tls?.acme;
  const openPlain = async (reusePort: boolean): Promise<HttpListener | undefined> => {
    const acme = acmeSettings();
    if (acme === undefined || certificates === undefined) return undefined;
    return openPlainDoor({ host, reusePort, acme, folder: certificates, log });
  };
  const lifecycle = new Lifecycle({
    name: `gateway ${name}`,
    drainMs,
    clock,
    async start() {
      await probes?.start();
      await workload.identify();
      // Last of all: a copy that cannot be put together must not take the port from one that serves.
      const acme = acmeSettings();
      const ports = acme === undefined ? [port] : [port, plainPortOf(acme)];
      listener = await gatewayPort.acquire(ports, async ({ reusePort }) =>
        bothDoors(await listenHttp({ host, port, reusePort, handler, upgrade, protocols }), () =>
          openPlain(reusePort),
        ),
      );
      link.start();
    },
    async drain() {
      gatewayPort.retire();
      // Streams first: they would hold every other connection's drain for as long as somebody watches.
      draining.abort();
      traffic.drain();
      await listener?.drain(drainMs);
      await runtime.stopWorkers();
      await inbound.drain();
    },
    async stop() {
      gatewayPort.close();
      await listener?.close();
      await runtime.stopWorkers();
      await caller.stop();
      traffic.stop();
      await workload.stop();
      await probes?.stop();
      loader?.remove();
    },
  });
  const link = workload.attach({
    state: () => lifecycle.state,
    address: () => listener?.url ?? "",
    files: () => loader?.files.all ?? [],
    load,
  });
  lifecycle.onChange((state) => {
    log.info(`the gateway is ${state}`, state === "ready" ? { url: listener?.url } : {});
    if (state === "ready") runtime.startWorkers();
    link.report();
  });
  return {
    lifecycle,
    get url() {
      return listener?.url;
    },
  };
}

function principalKeyOf(boot: AnyBoot): Readonly<Record<string, unknown>> {
  if (boot.keys.principal !== undefined) return boot.keys.principal;
  throw incomplete(boot, "a key to sign principals with");
}

function httpOf(boot: AnyBoot): { host: string; port: number } {
  if (boot.http !== undefined) return boot.http;
  throw incomplete(boot, "an address for clients");
}

function incomplete(boot: AnyBoot, what: string): KerfError {
  return new KerfError("invalid_configuration", {
    message: `The boot document of ${boot.unit} names no ${what.replace(/^an? /, "")}.`,
    why: `A gateway needs ${what}.`,
    fix: "Restart the platform: kerf dev",
  });
}
