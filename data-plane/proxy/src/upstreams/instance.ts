import { createRequire } from "node:module";
import { connect as connectTcp } from "node:net";
import { type Clock, KerfError } from "@kerf/kernel";
import type { UpstreamPolicies } from "@kerf/service";
import type { Pool } from "undici";
import type { TlsFiles } from "./tls.ts";

/** Loaded by gateways that have upstreams only: it takes as long to load as all else that such a gateway is made of. */
const load = createRequire(import.meta.url);
const undici = (): typeof import("undici") => load("undici") as typeof import("undici");

/** How long an instance that refused a connection is asked only when there is no other, milliseconds; as `TransportPool` does. */
const restMs = 1_000;

/** What of an instance's settings its connections depend on. */
export type ConnectionSettings = Required<
  Pick<UpstreamPolicies, "connectMs" | "idleMs" | "keepAliveMs">
>;

/** One address of an upstream with its connections. */
export class Instance {
  readonly url: string;
  readonly origin: URL;
  readonly tls: TlsFiles | undefined;
  readonly settings: ConnectionSettings;
  readonly #clock: Clock;
  #pool: Pool;
  #inFlight = 0;
  #retired = false;
  #restsUntil = Number.NEGATIVE_INFINITY;

  constructor(url: string, settings: ConnectionSettings, tls: TlsFiles | undefined, clock: Clock) {
    this.url = url;
    this.origin = new URL(url);
    this.tls = tls;
    this.settings = settings;
    this.#clock = clock;
    this.#pool = this.#connect();
  }

  /** Requests under way. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Its connections, for a question that may fail when the instance is retired. */
  get pool(): Pool {
    return this.#pool;
  }

  /** Its connections, for a request; whoever entered leaves once. A request may come here by a configuration that is no more: it is served all the same. */
  enter(): Pool {
    this.#inFlight++;
    if (this.#pool.closed) this.#pool = this.#connect();
    return this.#pool;
  }

  leave(): void {
    this.#inFlight--;
    if (this.#retired) this.#closeIdle();
  }

  /** Connections end with the last request. */
  retire(): void {
    this.#retired = true;
    this.#closeIdle();
  }

  /** Whether it refused a connection a moment ago. */
  get rests(): boolean {
    return this.#restsUntil > this.#clock.now();
  }

  refused(): void {
    this.#restsUntil = this.#clock.now() + restMs;
  }

  /** Resolves when something accepts a connection there. */
  async knock(): Promise<void> {
    const { hostname, port, protocol } = this.origin;
    await new Promise<void>((resolve, reject) => {
      const socket = connectTcp({
        host: hostname.replace(/^\[|\]$/g, ""),
        port: Number(port) || (protocol === "https:" ? 443 : 80),
      });
      const settle = (error?: Error): void => {
        timer.cancel();
        socket.destroy();
        if (error === undefined) resolve();
        else reject(error);
      };
      const timer = this.#clock.after(this.settings.connectMs, () =>
        settle(new KerfError("unavailable", `${this.url} does not accept a connection.`)),
      );
      socket.once("connect", () => settle()).on("error", settle);
    });
  }

  #closeIdle(): void {
    if (this.#inFlight > 0 || this.#pool.closed) return;
    void this.#pool.close().catch(() => {}); // It fails only when it is closed already.
  }

  #connect(): Pool {
    const { settings, tls } = this;
    // One request at a time on each connection; how many there are is bounded by the requests under way.
    return new (undici().Pool)(this.origin.origin, {
      pipelining: 1,
      allowH2: false,
      connect: { timeout: settings.connectMs, ...tls },
      keepAliveTimeout: settings.keepAliveMs,
      // A server that says how long it keeps a connection is believed, with a second to spare.
      keepAliveMaxTimeout: Math.max(settings.keepAliveMs, 60_000),
      keepAliveTimeoutThreshold: 1_000,
      // Until the head: bounded by the deadline of each request.
      headersTimeout: 0,
      bodyTimeout: settings.idleMs,
      maxHeaderSize: 65_536,
    });
  }
}
