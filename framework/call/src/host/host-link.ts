import type { Client } from "@kerf/contract";
import {
  type CallContext,
  type Clock,
  delay,
  type ErrorShape,
  KerfError,
  type LifecycleState,
  type Random,
  systemRandom,
  TimerWheel,
} from "@kerf/kernel";
import { type Logger, silentLogger } from "@kerf/telemetry";
import { Caller } from "../caller.ts";
import { StaticDiscovery } from "../discovery/static.ts";
import type { Address, Boot, LoadMeasured, SignedSnapshot } from "../placement.ts";
import { rootContext } from "../root-context.ts";
import type { SnapshotStore } from "../snapshot/store.ts";
import { connectFramed } from "../transports/framed/client.ts";
import type { Transport } from "../transport.ts";
import type { LeaseGrant, TokenLease } from "../limits/lease-keeper.ts";
import type { LoadSource } from "../load/load-source.ts";
import { hosts, wakeBoundMs } from "./hosts.ts";
import { LoadReporter, type ReportTaken } from "./load-reporter.ts";

/** First and longest wait before the next attempt to attach, milliseconds: short, since a platform is back within a second. */
const backoffMs = { base: 50, cap: 2_000 };

/** What a host gives its link. */
export interface HostLinkOptions {
  readonly boot: Boot;
  readonly store: SnapshotStore;
  readonly clock: Clock;
  readonly log: Logger;
  /** Asked whenever the platform is told. */
  readonly state: () => LifecycleState;
  /** Where this host listens, asked when it attaches; empty for one that does not. */
  readonly address: () => Address;
  /** The app's source files that are loaded by now. */
  readonly files: () => readonly string[];
  /** What is told of its load; without it nothing is. */
  readonly load?: LoadSource;
  readonly random?: Random;
  /** Makes the transport to the platform; the framed one by default. */
  readonly connect?: (address: Address) => Transport;
}

/**
 * Keeps a host attached to the platform for as long as it lives: takes snapshots from it and tells it state and
 * acknowledgements. While the platform is away the host goes on with what it has, and one line in the log says so.
 */
export class HostLink {
  readonly #options: HostLinkOptions;
  readonly #wheel: TimerWheel;
  readonly #caller: Caller;
  readonly #client: (context: CallContext) => Client<typeof hosts>;
  readonly #ended = new AbortController();
  readonly #reporter: LoadReporter | undefined;
  #attachment: CallContext | undefined;
  #running: Promise<void> | undefined;
  #reporting: Promise<void> | undefined;
  #reportAgain = false;
  #lostSince: number | undefined;

  constructor(options: HostLinkOptions) {
    const { boot, clock, log } = options;
    this.#options = options;
    this.#wheel = new TimerWheel(clock);
    this.#caller = new Caller({
      clock,
      wheel: this.#wheel,
      random: options.random ?? systemRandom,
      // The platform's absence is told once, here.
      log: silentLogger,
      discovery: new StaticDiscovery({ [hosts.name]: [boot.platform.address] }),
      connect:
        options.connect ??
        ((address) =>
          connectFramed(address, {
            clock,
            wheel: this.#wheel,
            log: silentLogger,
            hello: { instance: boot.instance },
          })),
      checked: false,
      // The link has its own pace, and must ask however often the platform was away.
      policies: { "*": { attempts: 1, breakerCalls: Number.POSITIVE_INFINITY } },
    });
    this.#client = this.#caller.bind(hosts, { caller: this.#name });
    this.#reporter =
      options.load &&
      new LoadReporter({ clock, source: options.load, send: (measured) => this.#load(measured) });
    log.debug("The host link is made.", { platform: boot.platform.address });
  }

  /** Begins to attach, and does so again whenever the platform comes back. */
  start(): void {
    this.#running ??= this.#run();
  }

  /** Tells the platform the state of the moment, if it is there; attaching tells it anyway. */
  report(): void {
    if (this.#running === undefined || this.#ended.signal.aborted) return;
    if (this.#reporting !== undefined) {
      this.#reportAgain = true;
      return;
    }
    this.#reporting = this.#report().finally(() => {
      this.#reporting = undefined;
      if (!this.#reportAgain) return;
      this.#reportAgain = false;
      this.report();
    });
  }

  /** Tells the platform of a failure that people should see, if it is there. Never rejects. */
  async problem(error: ErrorShape): Promise<void> {
    const { instance, platform } = this.#options.boot;
    const context = this.#context(2_000);
    try {
      await this.#client(context).problem({ instance, token: platform.token, error });
    } catch {
      // It stands in this host's log as well.
    } finally {
      context.release();
    }
  }

  /** Has the platform make a certificate from a request (PKCS #10, PEM); answers it as PEM. Rejects when the platform is away, or refuses. */
  async certify(request: string): Promise<string> {
    const { instance, platform } = this.#options.boot;
    const context = this.#context(2_000);
    try {
      const order = { instance, token: platform.token, request };
      return (await this.#client(context).certify(order)).certificate;
    } finally {
      context.release();
    }
  }

  /**
   * Leases tokens of limits that all instances of this gateway share. Rejects when the platform is away, within the quarter of a
   * second after which a limit is better kept without it.
   */
  async lease(leases: readonly TokenLease[]): Promise<readonly LeaseGrant[]> {
    const { instance, platform } = this.#options.boot;
    const context = this.#context(250);
    try {
      const order = { instance, token: platform.token, leases };
      return (await this.#client(context).lease(order)).grants;
    } finally {
      context.release();
    }
  }

  /** Tells the platform that a service is called which sleeps. Resolves when a copy of it runs; rejects when none can be started, or the platform is away. */
  async wake(service: string): Promise<void> {
    const { instance, platform } = this.#options.boot;
    const context = this.#context(wakeBoundMs);
    let error: ErrorShape | undefined;
    try {
      const order = { instance, token: platform.token, service };
      ({ error } = await this.#client(context).wake(order));
    } finally {
      context.release();
    }
    if (error !== undefined) throw KerfError.fromShape(error);
  }

  /** Lets go of the platform. Bounded by the deadline of a report. */
  async stop(): Promise<void> {
    await this.#reporting;
    this.#reporter?.stop();
    this.#ended.abort();
    this.#attachment?.cancel(new KerfError("cancelled", "The host stops."));
    await this.#running;
    await this.#caller.stop();
  }

  get #name(): string {
    const { unit } = this.#options.boot;
    return unit.startsWith("gateway:") ? unit : `unit:${unit}`;
  }

  #context(deadlineMs: number): CallContext {
    return rootContext({
      clock: this.#options.clock,
      wheel: this.#wheel,
      caller: this.#name,
      deadlineMs,
    });
  }

  async #run(): Promise<void> {
    let failures = 0;
    while (!this.#ended.signal.aborted) {
      const taken = await this.#attach();
      if (this.#ended.signal.aborted) return;
      failures = taken > 0 ? 1 : failures + 1;
      const most = Math.min(backoffMs.cap, backoffMs.base * 2 ** (failures - 1));
      // At least half of it: every host of the platform comes back at the same moment.
      const wait = most * (0.5 + 0.5 * (this.#options.random ?? systemRandom).next());
      await delay(this.#options.clock, wait, this.#ended.signal).catch(() => {});
    }
  }

  /** Attaches once and stays; gives the number of snapshots that came. */
  async #attach(): Promise<number> {
    const { boot, state, address, files, log } = this.#options;
    const context = this.#context(Number.POSITIVE_INFINITY);
    this.#attachment = context;
    let taken = 0;
    let why: unknown;
    try {
      const snapshots = this.#client(context).attach({
        instance: boot.instance,
        unit: boot.unit,
        pid: process.pid,
        address: address(),
        state: state(),
        files: [...files()],
        token: boot.platform.token,
      });
      for await (const signed of snapshots) {
        if (taken++ === 0) this.#reporter?.start();
        this.#found();
        this.#take(signed);
        this.report();
      }
    } catch (thrown) {
      why = thrown;
    } finally {
      context.release();
      this.#attachment = undefined;
      this.#reporter?.stop();
    }
    if (!this.#ended.signal.aborted && this.#lostSince === undefined) {
      this.#lostSince = this.#options.clock.now();
      log.warn(
        "The platform is away; this host goes on with the last placement.",
        why instanceof KerfError ? { code: why.code, why: why.message } : { error: why },
      );
    }
    return taken;
  }

  async #load(measured: LoadMeasured): Promise<ReportTaken> {
    const { instance, platform } = this.#options.boot;
    const context = this.#context(2_000);
    try {
      await this.#client(context).load({ instance, token: platform.token, ...measured });
      return "taken";
    } catch (thrown) {
      return thrown instanceof KerfError && thrown.code === "unknown_operation"
        ? "unknown"
        : "away";
    } finally {
      context.release();
    }
  }

  #take(signed: SignedSnapshot): void {
    try {
      this.#options.store.accept(signed);
    } catch (thrown) {
      this.#options.log.warn(
        "The platform sent a placement that cannot be used; the last good one stays.",
        {
          error: thrown,
        },
      );
    }
  }

  #found(): void {
    if (this.#lostSince === undefined) return;
    const awayMs = Math.round(this.#options.clock.now() - this.#lostSince);
    this.#lostSince = undefined;
    this.#options.log.info("The platform is back.", { duration_ms: awayMs });
  }

  async #report(): Promise<void> {
    const { boot, store, state } = this.#options;
    const context = this.#context(2_000);
    try {
      await this.#client(context).report({
        instance: boot.instance,
        token: boot.platform.token,
        state: state(),
        epoch: store.current?.epoch ?? 0,
        generation: store.current?.generation ?? 0,
      });
    } catch {
      // The next attachment tells it again.
    } finally {
      context.release();
    }
  }
}
