import type { Clock, Timer } from "@kerf/kernel";
import {
  type ConnectionOwner,
  type ConnectionTarget,
  type ExchangeHandler,
  Http1Connection,
} from "./connection.ts";
import { ConnectionLost } from "./connection-lost.ts";
import type { Http1Request } from "./request-head.ts";

/** A server that says how long it keeps a connection is believed, up to here and with a second to spare, milliseconds. */
const mostKeepAliveMs = 60_000;
const spareMs = 1_000;

/**
 * The connections to one address. A request takes the one that was used last, so that the others can close in peace, or a new one: how many
 * there are is bounded by the requests under way, which whoever sends them counts.
 */
export class Http1Pool implements ConnectionOwner {
  readonly #target: ConnectionTarget;
  readonly #keepAliveMs: number;
  readonly #clock: Clock;
  /** In the order in which they fell idle. */
  readonly #idle: Http1Connection[] = [];
  #sweep: Timer | undefined;
  #isClosed = false;

  /** @param keepAliveMs how long an unused connection is kept when its server says nothing */
  constructor(target: ConnectionTarget, keepAliveMs: number, clock: Clock) {
    this.#target = target;
    this.#keepAliveMs = keepAliveMs;
    this.#clock = clock;
  }

  /** Sends a request. The connection that is returned is the handler's until its response is over. */
  send(request: Http1Request, handler: ExchangeHandler): Http1Connection {
    const connection = this.#take() ?? new Http1Connection(this.#target, this, this.#clock);
    connection.send(request, handler);
    return connection;
  }

  /** Closes what is idle; from now on connections close after their response. Requests still go. */
  close(): void {
    this.#isClosed = true;
    this.#sweep?.cancel();
    this.#sweep = undefined;
    for (const connection of this.#idle.splice(0))
      connection.destroy(new ConnectionLost("NOT_KEPT"));
  }

  onIdle(connection: Http1Connection): void {
    if (this.#isClosed) return connection.destroy(new ConnectionLost("NOT_KEPT"));
    const said = connection.keepsAliveMs;
    const most = Math.max(this.#keepAliveMs, mostKeepAliveMs);
    const ms = said === undefined ? this.#keepAliveMs : Math.min(most, said - spareMs);
    if (ms <= 0) return connection.destroy(new ConnectionLost("NOT_KEPT"));
    connection.idleUntil = this.#clock.now() + ms;
    this.#idle.push(connection);
    this.#sweep ??= this.#clock.after(ms, this.#close);
  }

  onClosed(connection: Http1Connection): void {
    const at = this.#idle.indexOf(connection);
    if (at >= 0) this.#idle.splice(at, 1);
  }

  #take(): Http1Connection | undefined {
    for (;;) {
      const connection = this.#idle.pop();
      if (connection === undefined) return undefined;
      if (connection.isUsable && connection.idleUntil > this.#clock.now()) return connection;
      connection.destroy(new ConnectionLost("NOT_KEPT"));
    }
  }

  /** Closes those that were not used for long enough, and comes again for the next one. */
  readonly #close = (): void => {
    this.#sweep = undefined;
    const now = this.#clock.now();
    const over = this.#idle.filter(({ idleUntil }) => idleUntil <= now);
    for (const connection of over) connection.destroy(new ConnectionLost("NOT_KEPT"));
    if (this.#idle.length === 0) return;
    const next = Math.min(...this.#idle.map(({ idleUntil }) => idleUntil));
    this.#sweep = this.#clock.after(next - now, this.#close);
  };
}
