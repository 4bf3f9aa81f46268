import { generateKeyPairSync, randomBytes } from "node:crypto";
import {
  Caller,
  Inbound,
  PrincipalSigner,
  PrincipalVerifier,
  type PublicKey,
  StaticDiscovery,
} from "@kerf/call";
import { createHttpEdge, RequestMetrics, RequestSpans, RouteTable } from "@kerf/call/http";
import { describeContract } from "@kerf/contract";
import { KerfError, systemClock, systemRandom, TimerWheel } from "@kerf/kernel";
import {
  type AnyService,
  type AuthenticationMethod,
  closeDatabases,
  databaseOfUrl,
  developmentEnvironment,
  type GatewaySettings,
  openDatabases,
  openRedis,
  openSettings,
  redisOfUrl,
  ServiceRuntime,
} from "@kerf/service";
import { Logger, openTracing, type TelemetrySettings } from "@kerf/telemetry";
import { Methods } from "../authentication/methods.ts";
import { GatewayShaping, ShapingState } from "../shaping.ts";
import { assertFitsFunction } from "./fits-a-function.ts";
import { type GivenValue, textOf } from "./given-value.ts";
import { answerInMemory } from "./in-memory-http.ts";

/** Functions get one request at a time: more connections would only be idle ones. */
const usualConnections = 1;
/** How long telemetry may take to leave before a function is stopped, milliseconds. */
const flushMs = 1_000;
const keyId = "function";

/** What a function is given. */
export interface FetchHandlerOptions extends Pick<
  GatewaySettings,
  "authentication" | "compression" | "cors" | "headers"
> {
  /** Default: `production`. */
  readonly environment?: string | undefined;
  /** The app that the service belongs to; its tokens are for that. Default: the service's name. */
  readonly app?: string | undefined;
  /** The URL of the service's database, as the role that instances work with: `postgres://orders_app:…@host/orders`. */
  readonly database?: GivenValue | undefined;
  /** Connections that one copy of the function may hold. Default: 1. */
  readonly connections?: number | undefined;
  /** The URL of the service's user of Redis, when it declares `redis: true`: `redis://orders:…@host:6379`. */
  readonly redis?: GivenValue | undefined;
  /** What the service's `config` is set to. */
  readonly config?: Readonly<Record<string, unknown>> | undefined;
  /** The secrets that the service names. */
  readonly secrets?: Readonly<Record<string, GivenValue>> | undefined;
  /** Of `tokens()`: what the tokens of the app's own issuer are checked with, a JWK set. */
  readonly issuerKeys?: GivenValue | undefined;
  readonly telemetry?: TelemetrySettings | undefined;
  /** Longest request of an operation that sets no deadline, milliseconds; below the bound of the platform. Default: 15 000. */
  readonly deadlineMs?: number | undefined;
  /** Files in `authentication` are seen from here. Default: the working directory. */
  readonly directory?: string | undefined;
  readonly logLevel?: "debug" | "info" | "warn" | "error" | undefined;
}

/** Answers requests of the Fetch standard. */
export interface FetchHandler {
  (request: Request): Promise<Response>;
  /** Has traces and metrics delivered, within a second: for platforms that stop a function between two requests. Never rejects. */
  flush(): Promise<void>;
  /** Lets go of everything. Idempotent. */
  close(): Promise<void>;
}

/**
 * One service behind `(request) => Promise<Response>`, for a platform that runs functions: what a gateway and a unit do to a request, in this process. For services that only answer
 * requests. Connects to nothing yet. Throws `invalid_app` with everything that the service has beside that, or `invalid_configuration`.
 */
export async function fetchHandler(
  service: AnyService,
  options: FetchHandlerOptions = {},
): Promise<FetchHandler> {
  assertFitsFunction(service);
  assertAuthentication(options.authentication);
  const { app = service.name, directory = process.cwd(), environment = "production" } = options;
  const clock = systemClock;
  const random = systemRandom;
  const wheel = new TimerWheel(clock);
  const instance = `${service.name}-${randomBytes(3).toString("hex")}`;
  const unit = `gateway:${service.name}`;
  const log = new Logger({
    level: options.logLevel ?? "info",
    sink: (line) => void process.stdout.write(`${line}\n`),
    fields: { unit, instance },
  });
  const checked = environment === developmentEnvironment;
  const tracing = await openTracing(options.telemetry ?? {}, {
    resource: { app, environment, unit, instance, release: undefined },
    clock,
    random,
    log,
  });
  const { metrics, recorder, sampler } = tracing;

  // What a unit is put together from.
  const connections = options.connections ?? usualConnections;
  const database =
    service.database === undefined
      ? undefined
      : await databaseOfUrl(
          await textOf(options.database, `The URL of the database of ${service.name}`),
        );
  const databases = await openDatabases(
    [service],
    database === undefined ? {} : { [service.name]: { ...database, connections } },
    { instance, clock, tracing },
  );
  const settings = await openSettings(
    [service],
    {
      [service.name]: {
        config: options.config ?? {},
        secrets: await secretsOf(options.secrets ?? {}),
        version: { config: 0, secrets: 0 },
      },
    },
    { development: checked },
  );
  const redis = service.redis
    ? await redisOfUrl(
        await textOf(options.redis, `The URL of the Redis of ${service.name}`),
        service.name,
      )
    : undefined;
  const services = [service];
  const runtime = new ServiceRuntime({
    services,
    databases,
    settings,
    redis: await openRedis(services, redis && { [service.name]: redis }),
    clock,
    wheel,
    random,
    log,
    instance,
    tracing,
  });
  // Both halves of the principal are here: its key lives as long as this process.
  const key = principalKey();
  const inbound = new Inbound({
    services: runtime.served(),
    clock,
    wheel,
    log,
    checked,
    recorder,
    metrics,
    mayCall: (from) => from === unit,
    principals: new PrincipalVerifier(() => [key.public], {
      environment,
      clock,
    }),
  });
  const caller = new Caller({
    clock,
    random,
    wheel,
    log,
    checked,
    recorder,
    metrics,
    local: inbound,
    discovery: new StaticDiscovery({}),
    connect: () => {
      throw new KerfError("unavailable", "A function reaches no other program.");
    },
  });
  runtime.connect(caller);

  // What a gateway is put together from.
  const issuerKeys = await publicKeysOf(options.issuerKeys);
  const methods = new Methods({
    app,
    environment,
    directory,
    clock,
    log,
    issuerKeys: () => issuerKeys,
    signer: new PrincipalSigner(key.private, {
      environment,
      clock,
    }),
    secret: randomBytes(32),
  });
  const { authentication, compression = false, cors, headers } = options;
  const shown: GatewaySettings = {
    compression,
    ...(authentication === undefined ? undefined : { authentication }),
    ...(cors === undefined ? undefined : { cors }),
    ...(headers === undefined ? undefined : { headers }),
  };
  const identities = methods.authentication(shown);
  const nobody = (): Promise<never> =>
    Promise.reject(new KerfError("unavailable", "A function shares no limits."));
  const shaping = new GatewayShaping(
    shown,
    new ShapingState(clock, { ask: nobody, instances: () => 1 }),
  );
  const table = new RouteTable([describeContract(service.contract)], identities.paths);
  const draining = new AbortController();
  const edge = createHttpEdge({
    routes: () => table,
    shaping: () => shaping,
    authenticate: (request, access, response) =>
      identities.identify(request, access === "user", response),
    send: (call) =>
      caller.send({
        ...call,
        kind: call.description.kind,
        tuned: call.description,
      }),
    caller: unit,
    clock,
    wheel,
    log,
    sampler,
    ...(options.deadlineMs === undefined
      ? undefined
      : { limits: { deadlineMs: options.deadlineMs } }),
    spans: recorder && new RequestSpans(recorder, unit),
    metrics: metrics && new RequestMetrics(metrics, unit),
    draining: draining.signal,
  });
  // Keeps the database in shape; there are no others.
  runtime.startWorkers();

  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    draining.abort();
    await Promise.all([runtime.stopWorkers(), inbound.drain()]);
    await caller.stop();
    await closeDatabases(databases);
    await tracing.stop();
  };
  return Object.assign(answerInMemory(edge), {
    flush: () => tracing.flush(flushMs),
    close: () => (closing ??= close()),
  });
}

/** Throws `invalid_configuration` for ways to sign in that a function does not have. */
function assertAuthentication(methods: readonly AuthenticationMethod[] = []): void {
  const without = methods.filter(({ method }) =>
    ["session", "clientCertificates"].includes(method),
  );
  if (without.length === 0) return;
  throw new KerfError("invalid_configuration", {
    message: `A function cannot take ${without.map(({ method }) => method).join(", ")} as authentication.`,
    why: "Sessions begin and end at routes of a gateway, and certificates belong to a connection that ends before the function.",
    fix: "Use jwt(…), tokens() or apiKeys(…), or put a gateway in front.",
  });
}

function principalKey(): { public: PublicKey; private: Record<string, unknown> } {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  return {
    private: { ...privateKey.export({ format: "jwk" }), kid: keyId },
    public: { ...publicKey.export({ format: "jwk" }), kid: keyId } as PublicKey,
  };
}

async function secretsOf(
  given: Readonly<Record<string, GivenValue>>,
): Promise<Record<string, string>> {
  const read = Object.entries(given).map(async ([name, value]): Promise<[string, string]> => [
    name,
    await textOf(value, `The secret ${name}`),
  ]);
  return Object.fromEntries(await Promise.all(read));
}

async function publicKeysOf(given: GivenValue | undefined): Promise<readonly PublicKey[]> {
  if (given === undefined) return [];
  const text = await textOf(given, "The keys of the issuer");
  try {
    const { keys } = JSON.parse(text) as { keys?: readonly PublicKey[] };
    if (Array.isArray(keys) && keys.every(({ kid }) => typeof kid === "string")) return keys;
  } catch {
    // Said below.
  }
  throw new KerfError("invalid_configuration", {
    message: "The keys of the issuer are no set of keys (RFC 7517).",
    fix: "Give what kerf export writes as keys/issuer-set.json.",
  });
}
