import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Boot,
  type Dispatcher,
  Inbound,
  listenFramed,
  type PlacedGateway,
  PrincipalVerifier,
  signSnapshot,
  type Snapshot,
} from "@kerf/call";
import { hosts } from "@kerf/call/host";
import { assembleGateway, type GatewayProgram } from "@kerf/proxy";
import type { Testbed } from "./testbed.ts";
import { testEnvironment, testKey, testUnit } from "./test-environment.ts";

/** What the gateways of an app under test route to. */
export interface FrontOptions {
  readonly app: string;
  readonly bed: Testbed;
  readonly gateways: Readonly<Record<string, PlacedGateway>>;
  /** Every service that the gateways may reach, all in one unit: those of the test process, and fakes. */
  readonly services: Snapshot["services"];
}

/**
 * The gateways of an app under test: the real ones, on ports of the loopback, with the way to the services that they have in
 * production (framed, over a Unix socket), and a placement that never changes.
 */
export class Front {
  readonly #folder: string;
  readonly #servers: Awaited<ReturnType<typeof listenFramed>>[] = [];
  readonly #programs = new Map<string, GatewayProgram>();

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Starts all gateways. */
  static async open(options: FrontOptions): Promise<Front> {
    const front = new Front(await mkdtemp(join(tmpdir(), "kerf-app-")));
    try {
      await front.#start(options);
      return front;
    } catch (thrown) {
      await front.close();
      throw thrown;
    }
  }

  /** `http://127.0.0.1:PORT` by the gateway's name. */
  get urls(): Readonly<Record<string, string>> {
    return Object.fromEntries([...this.#programs].map(([name, { url }]) => [name, url ?? ""]));
  }

  /** Idempotent. */
  async close(): Promise<void> {
    await Promise.all([...this.#programs.values()].map(({ lifecycle }) => lifecycle.stop()));
    for (const server of this.#servers) await server.close();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #start({ app, bed, gateways, services }: FrontOptions): Promise<void> {
    const address = await this.#listen("services", bed.dispatcher, bed);
    const snapshot: Snapshot = {
      app,
      environment: testEnvironment,
      epoch: 1,
      generation: 1,
      services,
      units: { [testUnit]: { instances: [{ id: "test", address, state: "ready" }] } },
      gateways,
      principalKeys: [testKey("principal").publicKey],
      issuerKeys: [testKey("issuer").publicKey],
    };
    const signed = signSnapshot(snapshot, testKey("snapshot").privateKey);
    const platform = await this.#listen("platform", platformOf(bed, signed), bed);
    for (const name of Object.keys(gateways)) {
      const boot: Boot = {
        app,
        environment: testEnvironment,
        appModule: "",
        unit: `gateway:${name}`,
        instance: `test-${name}`,
        // Its backend is one of the services of the test process.
        services: [],
        http: { host: "127.0.0.1", port: 0 },
        databases: {},
        platform: { address: platform, token: "test", publicKey: testKey("snapshot").publicKey },
        snapshot: signed,
        snapshotFile: join(this.#folder, `${name}.json`),
        keys: { principal: testKey("principal").privateKey },
        checked: true,
        logLevel: "debug",
      };
      const program = await assembleGateway(boot, bed.log.logger, bed.clock);
      this.#programs.set(name, program);
      await program.lifecycle.start();
    }
  }

  async #listen(name: string, dispatcher: Dispatcher, bed: Testbed): Promise<string> {
    const { clock, wheel } = bed;
    const log = bed.log.logger;
    const address = `unix:${join(this.#folder, `${name}.sock`)}`;
    const server = await listenFramed(address, { dispatcher, clock, wheel, log, instance: "test" });
    this.#servers.push(server);
    return address;
  }
}

/** The platform as gateways see it: it has one snapshot and takes their reports. */
function platformOf(
  { clock, wheel, log }: Testbed,
  signed: ReturnType<typeof signSnapshot>,
): Inbound {
  const attach = async function* (signal: AbortSignal) {
    yield signed;
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
  };
  return new Inbound({
    services: [
      {
        contract: hosts,
        operations: {
          attach: { run: ({ context }) => attach(context.signal) },
          report: { run: () => ({}) },
          problem: { run: () => ({}) },
        },
      },
    ],
    clock,
    wheel,
    log: log.logger,
    checked: false,
    mayCall: () => true,
    principals: new PrincipalVerifier(() => [], { environment: testEnvironment, clock }),
    streamIdleMs: Number.POSITIVE_INFINITY,
  });
}
