import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import {
  type Attachment,
  type Boot,
  type HostReport,
  Inbound,
  listenFramed,
  mayCall,
  PrincipalVerifier,
  type PublicKey,
  type ServedOperation,
  type SignedSnapshot,
  signSnapshot,
  type Snapshot,
} from "@kerf/call";
import { hosts, type LeaseOrder } from "@kerf/call/host";
import { LeaseKeeper, type TokenLease } from "@kerf/call/limits";
import { describeContract } from "@kerf/contract";
import { DeclaredError, KerfError, systemClock, TimerWheel } from "@kerf/kernel";
import { KeyedTokenIssuer } from "@kerf/service";
import { type Recorder, silentLogger } from "@kerf/telemetry";
import { notes, page } from "../fixtures/app/contracts.ts";

const clock = systemClock;
const wheel = new TimerWheel(clock);
const log = silentLogger;
const app = "front";
const environment = "test";
const appModule = fileURLToPath(new URL("../fixtures/app/app.ts", import.meta.url));

/** A key of both halves, as the platform makes them. */
export function keyPair(kid: string): { public: PublicKey; private: Record<string, unknown> } {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  return {
    public: { ...publicKey.export({ format: "jwk" }), kid },
    private: { ...privateKey.export({ format: "jwk" }), kid },
  };
}

/** What a gateway needs around it: the platform's side of the host protocol and one real service, over real sockets. */
export class FrontPlatform {
  readonly directory: string;
  readonly attachments: Attachment[] = [];
  readonly reports: HostReport[] = [];
  /** What was asked for shared limits. */
  readonly leases: { readonly instance: string; readonly leases: readonly TokenLease[] }[] = [];
  /** Whether shared limits are kept. */
  keeping = true;
  readonly #keeper = new LeaseKeeper();
  readonly issuer: KeyedTokenIssuer;
  readonly issuerKey = keyPair("issuer-1");
  readonly #snapshotKey = keyPair("snapshot-1");
  readonly #principalKey = keyPair("principal-1");
  readonly #servers: Awaited<ReturnType<typeof listenFramed>>[] = [];
  readonly #ends: (() => Promise<unknown>)[] = [];
  #changed = Promise.withResolvers<void>();
  #snapshot: Snapshot;

  private constructor(directory: string) {
    this.directory = directory;
    this.issuer = new KeyedTokenIssuer({ app, environment, key: this.issuerKey.private, clock });
    this.#snapshot = {
      app,
      environment,
      epoch: 1,
      generation: 1,
      services: { notes: { unit: "notes", version: "1.0.0", uses: [] } },
      units: {},
      gateways: { web: { expose: [describeContract(notes)], uses: [] } },
      principalKeys: [this.#principalKey.public],
      issuerKeys: [this.issuerKey.public],
    };
  }

  /** Starts the platform; it ends with the test. `withBackend` places the fixture's page at the gateway. */
  static async start(t: TestContext, withBackend = false): Promise<FrontPlatform> {
    const platform = new FrontPlatform(await mkdtemp(join(tmpdir(), "kerf-front-")));
    if (withBackend) {
      const backend = describeContract(page);
      platform.change(({ gateways }) => ({
        gateways: { web: { expose: gateways["web"]?.expose ?? [], backend, uses: ["notes"] } },
      }));
    }
    await platform.attachable();
    t.after(async () => {
      await Promise.allSettled(platform.#ends.map((end) => end()));
      for (const server of platform.#servers) await server.close();
      // A gateway that could not start may be writing down its snapshot still.
      const rest = { maxRetries: 10, retryDelay: 20 };
      await rm(platform.directory, { recursive: true, force: true, ...rest });
    });
    return platform;
  }

  /** Runs `end` when the test ends, before anything that gateways need is taken away. */
  before(end: () => Promise<unknown>): void {
    this.#ends.push(end);
  }

  /** Publishes a newer snapshot. */
  change(edit: (snapshot: Snapshot) => Partial<Snapshot>): void {
    const { generation } = this.#snapshot;
    this.#snapshot = { ...this.#snapshot, ...edit(this.#snapshot), generation: generation + 1 };
    this.#wake();
  }

  /** Resolves once a host has said that it routes by the newest snapshot. */
  async acknowledged(): Promise<void> {
    while (!this.reports.some(({ generation }) => generation === this.#snapshot.generation)) {
      await this.#changed.promise;
    }
  }

  /** Resolves once an instance has been granted tokens after the first `from` grants. */
  async leased(instance: string, from = 0): Promise<void> {
    while (!this.leases.slice(from).some((one) => one.instance === instance))
      await this.#changed.promise;
  }

  /** Resolves once a host has attached: this one, or any. */
  async attached(instance?: string): Promise<Attachment> {
    for (;;) {
      const attachment = this.attachments.find(
        (one) => instance === undefined || one.instance === instance,
      );
      if (attachment !== undefined) return attachment;
      await this.#changed.promise;
    }
  }

  /** The boot document of the gateway `web`, on any free port. */
  boot(fields: Partial<Boot> = {}): Boot {
    const { gateways } = this.#snapshot;
    return {
      app,
      environment,
      appModule,
      unit: "gateway:web",
      instance: "web-1",
      services: gateways["web"]?.backend === undefined ? [] : ["page"],
      http: { host: "127.0.0.1", port: 0 },
      databases: {},
      platform: {
        address: this.#socket("platform"),
        token: "token of web-1",
        publicKey: this.#snapshotKey.public,
      },
      snapshot: this.#signed(),
      snapshotFile: join(this.directory, "snapshot.json"),
      keys: { principal: this.#principalKey.private },
      checked: true,
      logLevel: "debug",
      ...fields,
    };
  }

  /** Starts the service `notes` in this process behind a socket, and places it. Returns what takes it away, unannounced. */
  async startNotes(
    operations: Partial<Record<string, ServedOperation>> = {},
    recorder?: Recorder,
  ): Promise<() => Promise<void>> {
    const server = await this.serveNotes(this.#socket("notes"), operations, recorder);
    const { address } = server;
    this.change(() => ({
      units: { notes: { instances: [{ id: "notes-1", address, state: "ready" }] } },
    }));
    return () => server.close();
  }

  /** Starts the service `notes` in this process at `address`, and tells nobody. */
  serveNotes(
    address: string,
    operations: Partial<Record<string, ServedOperation>> = {},
    recorder?: Recorder,
  ): Promise<Awaited<ReturnType<typeof listenFramed>>> {
    return this.#listen(
      address,
      new Inbound({
        services: [
          {
            contract: notes,
            operations: { ...notesOperations, ...(operations as Record<string, ServedOperation>) },
          },
        ],
        clock,
        wheel,
        log,
        checked: true,
        mayCall: (...asked) => mayCall(this.#snapshot, ...asked),
        principals: new PrincipalVerifier(() => this.#snapshot.principalKeys, {
          environment,
          clock,
        }),
        recorder,
      }),
    );
  }

  /** Listens for hosts. */
  async attachable(): Promise<void> {
    const operations: Record<string, ServedOperation> = {
      attach: { run: ({ input, context }) => this.#follow(input as Attachment, context.signal) },
      report: {
        run: ({ input }) => {
          this.reports.push(input as HostReport);
          this.#wake();
          return {};
        },
      },
      problem: { run: () => ({}) },
      lease: {
        run: ({ input }) => {
          const { instance, leases } = input as LeaseOrder;
          if (!this.keeping) throw new KerfError("unavailable", "The keeper is away.");
          const grants = this.#keeper.lease("gateway:web", leases, clock.now());
          this.leases.push({ instance, leases });
          this.#wake();
          return { grants };
        },
      },
    };
    await this.#listen(
      this.#socket("platform"),
      new Inbound({
        services: [{ contract: hosts, operations }],
        clock,
        wheel,
        log,
        checked: true,
        mayCall: () => true,
        principals: new PrincipalVerifier(() => [], { environment, clock }),
      }),
    );
  }

  #socket(name: string): string {
    return `unix:${join(this.directory, `${name}.sock`)}`;
  }

  async #listen(
    address: string,
    dispatcher: Inbound,
  ): Promise<Awaited<ReturnType<typeof listenFramed>>> {
    const server = await listenFramed(address, { dispatcher, clock, wheel, log, instance: "test" });
    this.#servers.push(server);
    return server;
  }

  #signed(): SignedSnapshot {
    return signSnapshot(this.#snapshot, this.#snapshotKey.private);
  }

  #wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  async *#follow(attachment: Attachment, signal: AbortSignal): AsyncGenerator<SignedSnapshot> {
    this.attachments.push(attachment);
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

const notesOperations: Record<string, ServedOperation> = {
  open: {
    run: ({ input, context }) => ({
      ...(input as object),
      caller: context.caller,
      subject: context.principal?.subject,
    }),
  },
  mine: {
    run: ({ context }) => ({
      subject: context.principal?.subject,
      claims: context.principal?.claims,
    }),
  },
  add: {
    run: ({ input, context }) => {
      const { book } = input as { book: string };
      if (book === "full") throw new DeclaredError("full", { book });
      return { ...(input as object), by: context.principal?.subject };
    },
  },
  watch: {
    async *run({ after }) {
      for (let n = Number(after ?? 0) + 1; n <= 3; n++) yield { n };
    },
  },
  hang: { run: ({ context }) => new Promise((_, reject) => context.onCancel(reject)) },
  inside: { run: () => ({}) },
};
