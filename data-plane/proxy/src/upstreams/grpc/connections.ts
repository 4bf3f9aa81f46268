import { type ClientHttp2Session, connect } from "node:http2";
import { type Clock, KerfError, type Timer } from "@kerf/kernel";
import type { TlsFiles } from "../tls.ts";

/** Most connections to one instance. With the 100 calls at a time that most servers take on each, more than the bound of requests under way. */
const mostConnections = 16;
/** Calls at a time on a connection whose server has not said how many it takes. */
const assumedCalls = 100;
/** How long a connection without a call stays, milliseconds. */
const idleMs = 60_000;
/** How often a connection with calls is asked whether it is alive, and how long it may take to answer. Milliseconds; gRPC's keepalive allows no less than 10 s. */
const ping = { everyMs: 15_000, answerMs: 5_000 };

interface Connection {
  readonly session: ClientHttp2Session;
  readonly open: Promise<void>;
  calls: number;
  idle: Timer | undefined;
}

/** The HTTP/2 connections to one instance, shared by calls. */
export class GrpcConnections {
  readonly #origin: URL;
  readonly #tls: TlsFiles | undefined;
  readonly #connectMs: number;
  readonly #clock: Clock;
  readonly #connections = new Set<Connection>();

  constructor(origin: URL, tls: TlsFiles | undefined, connectMs: number, clock: Clock) {
    this.#origin = origin;
    this.#tls = tls;
    this.#connectMs = connectMs;
    this.#clock = clock;
  }

  /** A connection that takes one more call; whoever takes it gives it back once. @throws KerfError `unavailable`, not executed */
  async take(): Promise<{ session: ClientHttp2Session; giveBack: () => void }> {
    const connection = this.#free() ?? this.#connect();
    connection.calls++;
    connection.idle?.cancel();
    const giveBack = (): void => {
      if (--connection.calls > 0 || connection.session.destroyed) return;
      connection.idle = this.#clock.after(idleMs, () => connection.session.close());
    };
    try {
      await connection.open;
      return { session: connection.session, giveBack };
    } catch (cause) {
      giveBack();
      throw new KerfError("unavailable", {
        message: `${this.#origin.origin} does not accept a connection (${(cause as NodeJS.ErrnoException).code ?? (cause as Error).name}).`,
        fix: "Look whether it runs and speaks gRPC, and whether its address is right.",
        retry: "not-executed",
        cause,
      });
    }
  }

  /** Each connection ends with its last call. */
  close(): void {
    for (const { session } of this.#connections) session.close();
  }

  #free(): Connection | undefined {
    for (const connection of this.#connections) {
      const { calls, session } = connection;
      if (session.closed || session.destroyed) continue;
      const most = session.remoteSettings?.maxConcurrentStreams ?? assumedCalls;
      if (calls < Math.min(most, assumedCalls)) return connection;
    }
    return undefined;
  }

  #connect(): Connection {
    if (this.#connections.size >= mostConnections) {
      throw new KerfError("overloaded", {
        message: `${mostConnections} connections to ${this.#origin.origin} are full of calls.`,
        fix: "Add instances of it, or let it take more calls on a connection.",
      });
    }
    const session = connect(this.#origin.origin, {
      settings: { enablePush: false },
      ...this.#tls,
    });
    // What ends it, each call on it hears of as well.
    session.on("error", () => {});
    const { promise: open, resolve, reject } = Promise.withResolvers<void>();
    open.catch(() => {});
    const late = this.#clock.after(this.#connectMs, () =>
      session.destroy(new KerfError("unavailable", "It did not open in time.")),
    );
    const connection: Connection = { session, open, calls: 0, idle: undefined };
    this.#connections.add(connection);
    let alive: Timer | undefined;
    session.once("connect", () => {
      late.cancel();
      resolve();
      alive = this.#watch(connection, (timer) => (alive = timer));
    });
    session.once("error", reject);
    session.once("close", () => {
      late.cancel();
      alive?.cancel();
      connection.idle?.cancel();
      this.#connections.delete(connection);
      reject(new KerfError("unavailable", "It closed the connection."));
    });
    return connection;
  }

  /** Ends a connection that has calls and no other end any more. */
  #watch(connection: Connection, next: (timer: Timer) => void): Timer {
    return this.#clock.after(ping.everyMs, () => {
      const { calls, session } = connection;
      if (session.destroyed) return;
      if (calls === 0) return next(this.#watch(connection, next));
      const silent = this.#clock.after(ping.answerMs, () => session.destroy());
      next(silent);
      session.ping(() => {
        silent.cancel();
        if (!session.destroyed) next(this.#watch(connection, next));
      });
    });
  }
}
