import { httpClient } from "@kerf/call/browser";
import type { PlacedGateway, Snapshot } from "@kerf/call";
import { type Client, type Contract, describeContract } from "@kerf/contract";
import {
  type Clock,
  KerfError,
  type Principal,
  type Random,
  seededRandom,
  systemClock,
} from "@kerf/kernel";
import { type AnyService, type App, loadService, usesOf } from "@kerf/service";
import type { Fake } from "./fakes/fake.ts";
import { OwnerAccess } from "./postgres/owner-access.ts";
import type { LogLine } from "./testbed/captured-log.ts";
import type { Front } from "./testbed/front.ts";
import { testUnit } from "./testbed/test-environment.ts";
import { Testbed, type TestSettings } from "./testbed/testbed.ts";

/** How an app is started in a test. */
export interface StartAppOptions<K extends Clock = Clock> {
  /** Services of the app, or contracts that they use, which are stood in for; the services behind them are not loaded. */
  readonly fakes?: readonly Fake<any>[];
  /** A `ManualClock` to move time by hand, the workers' and the gateways' as well; default this machine's. */
  readonly clock?: K;
  /** What operators would set, by the services' names. */
  readonly settings?: Readonly<Record<string, TestSettings>>;
  /** Default: the same sequence in every run. */
  readonly random?: Random;
  /** Whether workers run by themselves. Default true; otherwise `runWorker` runs them. */
  readonly workers?: boolean;
}

/** A whole app at work inside the test process. */
export interface RunningApp<K extends Clock = Clock> extends AsyncDisposable {
  /** Where the first gateway of the app listens: `http://127.0.0.1:PORT`. Throws `invalid_app` when the app has none. */
  readonly url: string;
  /** Where each gateway listens, by its name. */
  readonly urls: Readonly<Record<string, string>>;
  /** Calls a service from inside, past the gateways; `who`: an end user, or nobody. */
  client<C extends Contract<any, any, any>>(contract: C, who?: Principal | string): Client<C>;
  /** Calls through a gateway, as a browser would; `token` is what the app's own issuer signed. */
  http<C extends Contract<any, any, any>>(
    contract: C,
    options?: { token?: string | undefined; gateway?: string },
  ): Client<C>;
  /** A service's database, as its owner: to prepare and to look. Throws `invalid_app` when the app keeps none under that name. */
  database(service: string): Pick<OwnerAccess<any>, "db" | "raw">;
  readonly clock: K;
  /** What services and gateways logged, oldest first. */
  readonly log: readonly LogLine[];
  /** Runs a worker once, now. Answers whether it has more to do, throws what it throws. */
  runWorker(service: string, worker: string): Promise<boolean>;
  /** Ends it and drops its databases. Rejects with what went wrong in a fake and was not told yet. Idempotent. */
  stop(): Promise<void>;
}

/**
 * Starts a whole app inside the test process: every service on a database of its own, calls between them in checked mode, and
 * its real gateways on free ports of the loopback.
 */
export async function startApp<K extends Clock = Clock>(
  app: App,
  options: StartAppOptions<K> = {},
): Promise<RunningApp<K>> {
  const fakes = options.fakes ?? [];
  const clock = options.clock ?? (systemClock as Clock as K);
  const services = await loadServices(app, fakes);
  const backends = await loadBackends(app);
  const bed = await Testbed.open({
    app: app.name,
    services: [...services, ...backends.values()],
    fakes,
    clock,
    random: options.random ?? seededRandom(1),
    policies: app.policies,
    settings: options.settings,
  });
  const owners = new Map(
    [...bed.clones].map(([name, clone]) => [name, new OwnerAccess<any>(clone.owner)]),
  );
  let front: Front | undefined;
  const stop = async (): Promise<void> => {
    await front?.close();
    await Promise.all([...owners.values()].map((owner) => owner.close()));
    await bed.close();
  };
  try {
    // Loaded by whole apps only: a test of one service needs no gateway.
    const { Front } = await import("./testbed/front.ts");
    front = await Front.open({
      app: app.name,
      bed,
      services: placed([...services, ...backends.values()], fakes),
      gateways: placedGateways(app, backends),
    });
  } catch (thrown) {
    await stop();
    throw thrown;
  }
  if (options.workers !== false) bed.runtime.startWorkers();
  const { urls } = front;
  const urlOf = (gateway = Object.keys(urls)[0] ?? ""): string =>
    urls[gateway] ?? missing(`gateway ${JSON.stringify(gateway)}`, Object.keys(urls));
  let stopped: Promise<void> | undefined;
  return {
    get url() {
      return urlOf();
    },
    urls,
    client: (contract, who) => bed.client(contract, who),
    http: (contract, { token, gateway } = {}) =>
      httpClient(contract, { baseUrl: urlOf(gateway), token: () => token }),
    database: (service) =>
      owners.get(service) ?? missing(`database of ${JSON.stringify(service)}`, [...owners.keys()]),
    clock,
    log: bed.log.lines,
    runWorker: (service, worker) => bed.runWorker(service, worker),
    stop: () => (stopped ??= stop()),
    [Symbol.asyncDispose]: () => (stopped ??= stop()),
  };
}

async function loadServices(app: App, fakes: readonly Fake[]): Promise<AnyService[]> {
  const faked = fakes.map((fake) => fake.contract.name);
  const wanted = Object.entries(app.services).filter(([name]) => !faked.includes(name));
  return Promise.all(wanted.map(([name, module]) => loadService(`service ${name}`, module)));
}

/** The gateways' backends by the gateway's name. */
async function loadBackends(app: App): Promise<Map<string, AnyService>> {
  const loaded = Object.entries(app.gateways).map(async ([name, { backend }]) =>
    backend === undefined
      ? []
      : [[name, await loadService(`backend of gateway ${name}`, backend)] as const],
  );
  return new Map((await Promise.all(loaded)).flat());
}

function placed(services: readonly AnyService[], fakes: readonly Fake[]): Snapshot["services"] {
  return Object.fromEntries([
    ...services.map((service) => [
      service.name,
      {
        unit: testUnit,
        version: service.contract.version,
        uses: usesOf(service).map(({ contract }) => contract.name),
        operations: Object.fromEntries(
          usesOf(service).flatMap(({ contract: { name, only } }) =>
            only === undefined ? [] : [[name, only]],
          ),
        ),
      },
    ]),
    ...fakes.map(({ contract }) => [
      contract.name,
      { unit: testUnit, version: contract.version, uses: [] },
    ]),
  ]);
}

function placedGateways(
  app: App,
  backends: ReadonlyMap<string, AnyService>,
): Record<string, PlacedGateway> {
  return Object.fromEntries(
    Object.entries(app.gateways).map(([name, { expose, settings }]) => {
      const backend = backends.get(name);
      return [
        name,
        {
          expose: expose.map((contract) => describeContract(contract)),
          backend: backend && describeContract(backend.contract),
          uses: backend === undefined ? [] : usesOf(backend).map(({ contract }) => contract.name),
          settings: { ...settings },
        },
      ];
    }),
  );
}

function missing(what: string, known: readonly string[]): never {
  throw new KerfError("invalid_app", {
    message: `The app has no ${what}.`,
    fix: known.length === 0 ? "Declare one." : `It has: ${known.join(", ")}.`,
  });
}
