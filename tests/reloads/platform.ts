import { generateKeyPairSync } from "node:crypto";
import { join } from "node:path";
import {
  type Boot,
  type HostReport,
  Inbound,
  listenFramed,
  PrincipalVerifier,
  type PublicKey,
  signSnapshot,
  type Snapshot,
  type SignedSnapshot,
  type Attachment,
} from "@kerf/call";
import { hosts } from "@kerf/call/host";
import { describeContract } from "@kerf/contract";
import { systemClock, TimerWheel } from "@kerf/kernel";
import type { GatewaySettings } from "@kerf/service";
import { silentLogger } from "@kerf/telemetry";
import { feed } from "./contract.ts";
import { app, environment } from "./names.ts";

const clock = systemClock;
const wheel = new TimerWheel(clock);
const log = silentLogger;

/** The platform's side of the host protocol, for one gateway: what it places is pushed at once, as the real one does. */
export class PlacingPlatform {
  readonly #folder: string;
  readonly #snapshotKey = keyPair("snapshot-1");
  readonly #principalKey = keyPair("principal-1");
  readonly #acknowledged = new Set<number>();
  #server: Awaited<ReturnType<typeof listenFramed>> | undefined;
  #changed = Promise.withResolvers<void>();
  #attachment: Attachment | undefined;
  #snapshot: Snapshot;

  /** @param folder where its sockets and files lie */
  constructor(folder: string) {
    this.#folder = folder;
    this.#snapshot = {
      app,
      environment,
      epoch: 1,
      generation: 1,
      services: { feed: { unit: "feed", version: "1.0.0", uses: [] } },
      units: {
        feed: { instances: [{ id: "feed-1", address: `unix:${this.feedSocket}`, state: "ready" }] },
      },
      gateways: {},
      principalKeys: [this.#principalKey.public],
      issuerKeys: [],
    };
  }

  /** Where the service `feed` is expected. */
  get feedSocket(): string {
    return join(this.#folder, "feed.sock");
  }

  /** What the gateway signs its users with. */
  get principalKey(): PublicKey {
    return this.#principalKey.public;
  }

  /** Listens for the gateway, for which `settings` are placed. */
  async start(settings: GatewaySettings): Promise<void> {
    this.#put(settings);
    this.#server = await listenFramed(this.#address, {
      dispatcher: new Inbound({
        services: [
          {
            contract: hosts,
            operations: {
              attach: {
                run: ({ input, context }) => this.#follow(input as Attachment, context.signal),
              },
              report: { run: ({ input }) => this.#report(input as HostReport) },
              problem: { run: () => ({}) },
            },
          },
        ],
        clock,
        wheel,
        log,
        checked: false,
        mayCall: () => true,
        principals: new PrincipalVerifier(() => [], { environment, clock }),
      }),
      clock,
      wheel,
      log,
      instance: "platform",
    });
  }

  /** What the gateway is started with. */
  boot(): Boot {
    return {
      app,
      environment,
      appModule: join(this.#folder, "app.ts"),
      unit: "gateway:web",
      instance: "web-1",
      services: [],
      http: { host: "127.0.0.1", port: 0 },
      databases: {},
      platform: {
        address: this.#address,
        token: "token of web-1",
        publicKey: this.#snapshotKey.public,
      },
      snapshot: this.#signed(),
      snapshotFile: join(this.#folder, "snapshot.json"),
      keys: { principal: this.#principalKey.private },
      checked: false,
      logLevel: "info",
    };
  }

  /** Base URL of the gateway, once it serves. */
  async url(): Promise<string> {
    while (this.#attachment === undefined) await this.#changed.promise;
    return this.#attachment.address;
  }

  /** Places other settings; resolves once the gateway goes by them, or has refused them. */
  async place(settings: GatewaySettings): Promise<void> {
    this.#put(settings);
    const { generation } = this.#snapshot;
    while (!this.#acknowledged.has(generation)) await this.#changed.promise;
  }

  async stop(): Promise<void> {
    await this.#server?.close();
  }

  get #address(): string {
    return `unix:${join(this.#folder, "platform.sock")}`;
  }

  #put(settings: GatewaySettings): void {
    const web = {
      expose: [describeContract(feed)],
      uses: [],
      settings: settings as Readonly<Record<string, unknown>>,
    };
    const generation = this.#snapshot.generation + 1;
    this.#snapshot = { ...this.#snapshot, generation, gateways: { web } };
    this.#wake();
  }

  #report({ generation }: HostReport): object {
    this.#acknowledged.add(generation);
    this.#wake();
    return {};
  }

  #signed(): SignedSnapshot {
    return signSnapshot(this.#snapshot, this.#snapshotKey.private);
  }

  #wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  async *#follow(attachment: Attachment, signal: AbortSignal): AsyncGenerator<SignedSnapshot> {
    this.#attachment = attachment;
    this.#wake();
    const left = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    let generation = 0;
    while (!signal.aborted) {
      if (this.#snapshot.generation > generation) {
        generation = this.#snapshot.generation;
        yield this.#signed();
      } else await Promise.race([this.#changed.promise, left]);
    }
  }
}

function keyPair(kid: string): { public: PublicKey; private: Record<string, unknown> } {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  return {
    public: { ...publicKey.export({ format: "jwk" }), kid },
    private: { ...privateKey.export({ format: "jwk" }), kid },
  };
}
