import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  Caller,
  type Discovery,
  type Dispatcher,
  Inbound,
  PrincipalSigner,
  PrincipalVerifier,
  StaticDiscovery,
  type Policies,
} from "@kerf/call";
import type { Client, Contract } from "@kerf/contract";
import { type ClonedDatabase, type RedisPlace, ServiceDatabase } from "@kerf/data";
import { type Clock, KerfError, type Principal, type Random, TimerWheel } from "@kerf/kernel";
import {
  type AnyService,
  closeDatabases,
  KeyedTokenIssuer,
  openRedis,
  openSettings,
  programOf,
  type ServiceDatabases,
  type ServiceRedis,
  ServiceRuntime,
  type ServiceSettings,
  usesOf,
} from "@kerf/service";
import type { Companion } from "@kerf/service/companion";
import { FakeTransport } from "../fakes/fake-transport.ts";
import type { Fake } from "../fakes/fake.ts";
import { CapturedLog } from "./captured-log.ts";
import { Problems } from "./problems.ts";
import { testCaller, testClient } from "./test-client.ts";
import { testEnvironment, testKey } from "./test-environment.ts";

/** What a testbed is made of. */
export interface TestbedOptions {
  readonly app: string;
  readonly services: readonly AnyService[];
  /** What is not there: called over the whole call path, as if it ran elsewhere. */
  readonly fakes: readonly Fake[];
  readonly clock: Clock;
  readonly random: Random;
  /** What is set of services, by their names; secrets without a value are taken from what is declared for development. */
  readonly settings?: Readonly<Record<string, TestSettings>> | undefined;
  /** What the app sets for calls. */
  readonly policies?: Policies;
}

/** What a test sets of one service. */
export interface TestSettings {
  /** As an operator would set it; the service's schema checks it and adds its defaults. */
  readonly config?: Readonly<Record<string, unknown>> | undefined;
  readonly secrets?: Readonly<Record<string, string>> | undefined;
  /** Where a service that declares `redis: true` finds its Redis. */
  readonly redis?: RedisPlace | undefined;
}

/** Services at work inside the test process: on databases of their own, behind the real call path in checked mode. */
export class Testbed {
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly log: CapturedLog;
  readonly problems = new Problems();
  readonly runtime: ServiceRuntime;
  readonly caller: Caller;
  /** Everything that can be called from another process, fakes included. */
  readonly dispatcher: Dispatcher;
  readonly clones: ReadonlyMap<string, ClonedDatabase>;
  readonly #signer: PrincipalSigner;
  readonly #databases: ServiceDatabases;
  readonly #companions: Companion[] = [];
  #closed: Promise<void> | undefined;

  /** Clones the databases and puts everything together; workers do not run yet. */
  static async open(options: TestbedOptions): Promise<Testbed> {
    const settings = await settingsOf(options);
    const redis = await redisOf(options);
    const bed = new Testbed(options, { settings, redis }, await clonesOf(options.services));
    try {
      await bed.#startPrograms(options.services);
    } catch (cause) {
      await bed.close();
      throw cause;
    }
    return bed;
  }

  private constructor(
    options: TestbedOptions,
    { redis, settings }: { settings: ServiceSettings; redis: ServiceRedis },
    clones: ReadonlyMap<string, ClonedDatabase>,
  ) {
    const { clock, random, services, fakes } = options;
    const identity = { environment: testEnvironment, clock };
    const wheel = new TimerWheel(clock);
    const log = new CapturedLog(clock);
    const { logger } = log;
    const databases = open(services, clones, clock);
    const runtime = new ServiceRuntime({
      services,
      databases,
      settings,
      redis,
      issuer: new KeyedTokenIssuer({
        ...identity,
        app: options.app,
        key: testKey("issuer").privateKey,
      }),
      clock,
      wheel,
      random,
      log: logger,
      instance: testCaller,
    });
    const principals = new PrincipalVerifier(() => [testKey("principal").publicKey], identity);
    const inbound = new Inbound({
      services: runtime.served(),
      clock,
      wheel,
      log: logger,
      checked: true,
      mayCall: mayCall(services),
      principals,
    });
    const report = this.problems.report;
    const transports = new Map(
      fakes.map((fake) => [
        addressOf(fake.contract.name),
        new FakeTransport(fake, { clock, wheel, log: logger, principals, report }),
      ]),
    );
    const caller = new Caller({
      clock,
      random,
      wheel,
      log: logger,
      discovery: discoveryOf(fakes),
      connect: (address) => transports.get(address) ?? nobody(address),
      local: inbound,
      checked: true,
      policies: options.policies,
    });
    runtime.connect(caller);
    this.clock = clock;
    this.wheel = wheel;
    this.log = log;
    this.runtime = runtime;
    this.caller = caller;
    const fakeOf = (service: string): FakeTransport | undefined =>
      transports.get(addressOf(service));
    this.dispatcher = {
      call: (incoming) => (fakeOf(incoming.service) ?? inbound).call(incoming),
      stream: (incoming) => (fakeOf(incoming.service) ?? inbound).stream(incoming),
    };
    this.clones = clones;
    this.#signer = new PrincipalSigner(testKey("principal").privateKey, identity);
    this.#databases = databases;
  }

  /** A client of a service or fake, on behalf of `principal` or of nobody. */
  client<C extends Contract<any, any, any>>(
    contract: C,
    principal: Principal | string | undefined,
  ): Client<C> {
    const who = typeof principal === "string" ? { subject: principal, claims: {} } : principal;
    const identity = who && { principal: who, principalToken: this.#signer.sign(who) };
    return testClient(contract, this, identity);
  }

  /** Runs a worker once; answers whether it has more to do, throws what it throws. */
  runWorker(service: string, worker: string): Promise<boolean> {
    return this.problems.before(this.runtime.runWorker(service, worker));
  }

  /** Ends everything and drops the databases, then throws what went wrong in a fake and was not told yet. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  /** Those of external services, each with a sidecar in this process. */
  async #startPrograms(services: readonly AnyService[]): Promise<void> {
    const external = services.filter((service) => programOf(service) !== undefined);
    if (external.length === 0) return;
    const { sidecar } = await import("@kerf/proxy");
    for (const service of external) {
      const companion = sidecar({
        services: [service],
        runtime: this.runtime,
        caller: this.caller,
        clock: this.clock,
        wheel: this.wheel,
        log: this.log.logger,
        directory: await mkdtemp(join(tmpdir(), "kerf-sidecar-")),
        program: undefined,
        failed: this.problems.report,
      });
      this.#companions.push(companion);
      await companion.start();
    }
  }

  async #close(): Promise<void> {
    await this.runtime.stopWorkers();
    await Promise.all(this.#companions.map((companion) => companion.stop()));
    await this.caller.stop();
    await closeDatabases(this.#databases);
    await dropAll(this.clones);
    this.problems.raise();
  }
}

/** Throws `invalid_configuration` for what must be set and is not. */
function settingsOf({ services, settings = {} }: TestbedOptions): Promise<ServiceSettings> {
  const boots = services.map(({ name }) => {
    const { config = {}, secrets = {} } = settings[name] ?? {};
    return [name, { config, secrets, version: { config: 0, secrets: 0 } }];
  });
  return openSettings(services, Object.fromEntries(boots), { development: true });
}

function redisOf({ services, settings = {} }: TestbedOptions): Promise<ServiceRedis> {
  const given = services.flatMap(({ name }) => {
    const { redis } = settings[name] ?? {};
    return redis === undefined ? [] : [[name, redis] as const];
  });
  return openRedis(services, Object.fromEntries(given));
}

/** PostgreSQL, its driver and Kysely are loaded only when a service keeps data. */
async function clonesOf(services: readonly AnyService[]): Promise<Map<string, ClonedDatabase>> {
  if (services.every((service) => service.database === undefined)) return new Map();
  const { cloneDatabases } = await import("../postgres/test-databases.ts");
  return cloneDatabases(services);
}

async function dropAll(clones: ReadonlyMap<string, ClonedDatabase>): Promise<void> {
  await Promise.all([...clones.values()].map((clone) => clone.drop()));
}

function open(
  services: readonly AnyService[],
  clones: ReadonlyMap<string, ClonedDatabase>,
  clock: Clock,
): ServiceDatabases {
  const databases: Record<string, ServiceDatabase> = {};
  for (const { name, database } of services) {
    const connection = clones.get(name)?.app;
    if (connection === undefined || database === undefined) continue;
    const { connections } = database;
    databases[name] = new ServiceDatabase({
      connection,
      service: name,
      instance: testCaller,
      connections,
      clock,
    });
  }
  return databases;
}

/** Tests call everything; a service what it declares, as the platform would let it, and itself. */
function mayCall(services: readonly AnyService[]): (caller: string, service: string) => boolean {
  const uses = new Map(
    services.map((service) => [
      service.name,
      [
        service.name,
        ...usesOf(service).map(({ contract }) => contract.name),
        ...service.subscriptions.keys(),
      ],
    ]),
  );
  return (caller, service) => uses.get(caller)?.includes(service) ?? true;
}

function discoveryOf(fakes: readonly Fake[]): Discovery {
  return new StaticDiscovery(
    Object.fromEntries(fakes.map(({ contract }) => [contract.name, [addressOf(contract.name)]])),
  );
}

function addressOf(contract: string): string {
  return `fake:${contract}`;
}

function nobody(address: string): never {
  throw new KerfError("unavailable", `Nobody listens at ${address}.`);
}
