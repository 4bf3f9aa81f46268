import { connect as connectTcp, isIP } from "node:net";
import { type Clock, KerfError } from "@kerf/kernel";
import type { UpstreamPolicies } from "@kerf/service";
import { GrpcConnections } from "./grpc/connections.ts";
import { Http1Pool } from "./http1/pool.ts";
import type { TlsFiles } from "./tls.ts";

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
  readonly #pool: Http1Pool;
  #grpc: GrpcConnections | undefined;
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

  /** Its connections, for a question that is not counted. */
  get pool(): Http1Pool {
    return this.#pool;
  }

  /** Its connections, for a request; whoever entered leaves once. A request may come here by a configuration that is no more: it is served all the same. */
  enter(): Http1Pool {
    this.#inFlight++;
    return this.#pool;
  }

  /** Its connections for gRPC; whoever entered may use them until it leaves. */
  get grpc(): GrpcConnections {
    const { origin, settings, tls } = this;
    return (this.#grpc ??= new GrpcConnections(origin, tls, settings.connectMs, this.#clock));
  }

  leave(): void {
    this.#inFlight--;
    if (this.#retired) this.#closeGrpc();
  }

  /** Each connection ends with its last request. */
  retire(): void {
    this.#retired = true;
    this.#pool.close();
    this.#closeGrpc();
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
    await new Promise<void>((resolve, reject) => {
      const socket = connectTcp(this.#endpoint());
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

  /** Calls of gRPC share a connection: it ends when the last of them has left. */
  #closeGrpc(): void {
    if (this.#inFlight === 0) this.#grpc?.close();
  }

  #connect(): Http1Pool {
    const { settings, tls } = this;
    const { host, port } = this.#endpoint();
    // A name is checked against the certificate, and said in the handshake; an address is only checked. What is given itself may say something else by the
    // time of a connection.
    const options = isIP(host) === 0 ? { servername: host, ...tls } : (tls ?? {});
    return new Http1Pool(
      {
        host,
        port,
        authority: this.origin.host,
        tls: this.origin.protocol === "https:" ? { options, session: undefined } : undefined,
        connectMs: settings.connectMs,
        idleMs: settings.idleMs,
      },
      settings.keepAliveMs,
      this.#clock,
    );
  }

  #endpoint(): { host: string; port: number } {
    const { hostname, port, protocol } = this.origin;
    return {
      host: hostname.replace(/^\[|\]$/g, ""),
      port: Number(port) || (protocol === "https:" ? 443 : 80),
    };
  }
}
