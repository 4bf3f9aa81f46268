// What a host needs around it in a test: the platform's side of the host protocol on a real socket, and a way to start hosts as
// the platform does. Shared by the tests of this folder; no part of the package.
import { type ChildProcess, spawn } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { closeSync, openSync, readFileSync, watch } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import {
  type Attachment,
  type Boot,
  Caller,
  connectFramed,
  type HostReport,
  Inbound,
  listenFramed,
  PrincipalVerifier,
  rootContext,
  type SignedSnapshot,
  signSnapshot,
  type Snapshot,
  StaticDiscovery,
} from "@kerf/call";
import { hosts } from "@kerf/call/host";
import type { Client, Contract } from "@kerf/contract";
import { type LifecycleState, systemClock, systemRandom, TimerWheel } from "@kerf/kernel";
import { silentLogger } from "@kerf/telemetry";

const clock = systemClock;
const wheel = new TimerWheel(clock);
const log = silentLogger;
const main = fileURLToPath(new URL("../main.ts", import.meta.url));

/** The app that the tests run. */
export const fixtureApp: string = fileURLToPath(new URL("../fixtures/app/app.ts", import.meta.url));

function keyPair(kid: string) {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  return {
    public: { ...publicKey.export({ format: "jwk" }), kid },
    private: { ...privateKey.export({ format: "jwk" }), kid },
  };
}

/** How a process ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A host under test. */
export interface RunningHost {
  readonly child: ChildProcess;
  readonly address: string;
  readonly exited: Promise<Exit>;
  /** Everything that it has written so far. */
  log(): string;
  /** Resolves once its log holds this text. */
  said(text: string): Promise<void>;
  /** Ends the lifeline, as the death of the launcher does. */
  cutLifeline(): void;
}

/** The platform's side of the host protocol. */
export class TestPlatform {
  readonly directory: string;
  readonly attachments: Attachment[] = [];
  readonly reports: HostReport[] = [];
  readonly #keys = keyPair("snapshot-1");
  readonly #hosts: RunningHost[] = [];
  readonly #callers: Caller[] = [];
  #snapshot: Snapshot = {
    app: "fixture",
    environment: "test",
    epoch: 1,
    generation: 1,
    services: {
      greeter: { unit: "greeter", version: "1.0.0", uses: [] },
      relay: { unit: "relay", version: "1.0.0", uses: ["greeter"] },
    },
    units: {},
    gateways: {},
    principalKeys: [],
    issuerKeys: [],
  };
  #changed = Promise.withResolvers<void>();
  #server: Awaited<ReturnType<typeof listenFramed>> | undefined;

  private constructor(directory: string) {
    this.directory = directory;
  }

  static async start(): Promise<TestPlatform> {
    const platform = new TestPlatform(await mkdtemp(join(tmpdir(), "kerf-host-")));
    await platform.#listen();
    return platform;
  }

  /** Publishes a snapshot with these instances, ready, one a unit. */
  publish(units: Readonly<Record<string, RunningHost>>): void {
    this.#snapshot = {
      ...this.#snapshot,
      generation: this.#snapshot.generation + 1,
      units: Object.fromEntries(
        Object.entries(units).map(([unit, { address }]) => [
          unit,
          { instances: [{ id: address, address, state: "ready" }] },
        ]),
      ),
    };
    this.#wake();
  }

  /** Resolves once an instance has said that it is in this state, and that it routes by the newest snapshot. */
  async reported(instance: string, state: LifecycleState): Promise<void> {
    const said = (): boolean =>
      [...this.attachments, ...this.reports].some(
        (one) => one.instance === instance && one.state === state,
      );
    while (!said()) await this.#changed.promise;
  }

  /** Resolves once an instance has acknowledged the newest snapshot. */
  async acknowledged(instance: string): Promise<void> {
    const { generation } = this.#snapshot;
    while (
      !this.reports.some(
        (report) => report.instance === instance && report.generation === generation,
      )
    )
      await this.#changed.promise;
  }

  /** Starts a host as the platform does; `boot` overrides single fields of its document, `program` is the path of another program. */
  spawn(
    instance: string,
    services: readonly string[],
    boot: Partial<Boot> = {},
    program = main,
  ): RunningHost {
    const address = boot.address ?? `unix:${join(this.directory, `${instance}.sock`)}`;
    const document: Boot = {
      app: "fixture",
      environment: "test",
      appModule: fixtureApp,
      unit: services[0] ?? "none",
      instance,
      services,
      address,
      databases: {},
      platform: {
        address: this.#address,
        token: `token of ${instance}`,
        publicKey: this.#keys.public,
      },
      snapshot: this.#signed(),
      snapshotFile: join(this.directory, `${instance}.snapshot.json`),
      keys: {},
      checked: true,
      logLevel: "info",
      ...boot,
    };
    const logFile = join(this.directory, `${instance}.log`);
    const output = openSync(logFile, "a");
    const watcher = watch(logFile);
    const log = (): string => readFileSync(logFile, "utf8");
    const child = spawn(process.execPath, [...process.execArgv, program], {
      stdio: ["ignore", output, output, "pipe", "pipe"],
      env: { ...process.env, KERF_LIFELINE_FD: "4", NODE_TEST_CONTEXT: undefined },
    });
    closeSync(output);
    // It may end before it has read everything.
    (child.stdio[3] as Writable).on("error", () => undefined).end(JSON.stringify(document));
    const lifeline = child.stdio[4] as Duplex;
    lifeline.on("error", () => undefined);
    const host: RunningHost = {
      child,
      address,
      exited: once(child, "exit").then(([code, signal]) => ({
        code: code as number | null,
        signal: signal as NodeJS.Signals | null,
      })),
      log,
      said: (text) =>
        new Promise((resolve) => {
          const look = (): void => {
            if (log().includes(text)) resolve();
          };
          watcher.on("change", look);
          look();
        }),
      cutLifeline: () => void lifeline.destroy(),
    };
    void host.exited.then(() => watcher.close());
    this.#hosts.push(host);
    return host;
  }

  /** A client of a service at one address. */
  client<C extends Contract<any, any, any>>(
    contract: C,
    host: RunningHost,
    deadlineMs?: number,
  ): Client<C> {
    const caller = new Caller({
      clock,
      random: systemRandom,
      wheel,
      log,
      discovery: new StaticDiscovery({ [contract.name]: [host.address] }),
      connect: (address) =>
        connectFramed(address, { clock, wheel, log, hello: { instance: "test" } }),
      checked: true,
    });
    this.#callers.push(caller);
    return caller.bind(contract, { caller: "operator" })(
      rootContext({ clock, wheel, caller: "operator", deadlineMs }),
    );
  }

  /** Takes the platform away, as its death does; hosts stay. */
  async die(): Promise<void> {
    await this.#server?.close();
  }

  /** Ends everything that was started. */
  async end(): Promise<void> {
    for (const caller of this.#callers) await caller.stop();
    for (const { child } of this.#hosts)
      if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
    await Promise.all(this.#hosts.map(({ exited }) => exited));
    await this.die();
    await rm(this.directory, { recursive: true, force: true });
  }

  get #address(): string {
    return `unix:${join(this.directory, "platform.sock")}`;
  }

  #signed(): SignedSnapshot {
    return signSnapshot(this.#snapshot, this.#keys.private);
  }

  #wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  async #listen(): Promise<void> {
    const inbound = new Inbound({
      services: [
        {
          contract: hosts,
          operations: {
            attach: {
              run: ({ input, context }) => this.#follow(input as Attachment, context.signal),
            },
            report: {
              run: ({ input }) => {
                this.reports.push(input as HostReport);
                this.#wake();
                return {};
              },
            },
            problem: { run: () => ({}) },
          },
        },
      ],
      clock,
      wheel,
      log,
      checked: true,
      mayCall: () => true,
      principals: new PrincipalVerifier(() => [], { environment: "test", clock }),
    });
    this.#server = await listenFramed(this.#address, {
      dispatcher: inbound,
      clock,
      wheel,
      log,
      instance: "platform",
    });
  }

  async *#follow(attachment: Attachment, signal: AbortSignal): AsyncGenerator<SignedSnapshot> {
    this.attachments.push(attachment);
    this.#wake();
    const left = once(signal, "abort");
    let generation = 0;
    while (!signal.aborted) {
      if (this.#snapshot.generation > generation) {
        generation = this.#snapshot.generation;
        yield this.#signed();
      } else await Promise.race([this.#changed.promise, left]);
    }
  }
}
