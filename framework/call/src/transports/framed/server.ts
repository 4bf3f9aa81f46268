import { createServer } from "node:net";
import type { Clock, TimerWheel } from "@kerf/kernel";
import type { Logger } from "@kerf/telemetry";
import type { Address } from "../../placement.ts";
import { shareReadBuffer } from "../../read-buffer.ts";
import type { WorkloadIdentity } from "../../identity/workload-identity.ts";
import type { Dispatcher } from "../../transport.ts";
import { formatAddress, parseAddress } from "./address.ts";
import { FramedCounters } from "./counters.ts";
import type { FrameSocket } from "./frame-socket.ts";
import { defaultLimits, type FramedLimits } from "./limits.ts";
import { ServedConnection, type ServedOptions } from "./served-connection.ts";
import { listenOn } from "./socket-file.ts";
import type { ProvenPeer } from "./tls/prove-peer.ts";
import { createSecureServer } from "./tls/secure-server.ts";

/** What `listenFramed` needs. */
export interface FramedServerOptions {
  readonly dispatcher: Dispatcher;
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly log: Logger;
  /** Id of this running copy. */
  readonly instance: string;
  readonly limits?: Partial<FramedLimits> | undefined;
  /** Proves both sides of connections to a `tcp:` address; without it they are open to everyone. */
  readonly identity?: WorkloadIdentity | undefined;
  /** Of a `tcp:` address: the next copy may listen there beside this one. What waits in the queue of one that stops is lost, which its callers take for "not executed". */
  readonly reusePort?: boolean | undefined;
}

/** Something that listens for calls. */
export interface FramedServer {
  /** Where it listens: with the real port when port 0 was asked for. */
  readonly address: Address;
  readonly counters: FramedCounters;
  /**
   * Takes no further connections and answers new calls "not here, not executed"; resolves once what was in flight is
   * answered and the callers have left. Unbounded: the lifecycle around it knows how long to wait.
   */
  drain(): Promise<void>;
  /** Ends everything at once; resolves when nothing is left. */
  close(): Promise<void>;
}

/** The serving side of connections that somebody else takes in. */
export interface FramedService {
  readonly counters: FramedCounters;
  /** Serves a connection that was just made; `peer` is who proved to be at its other end. */
  accept(socket: FrameSocket, peer?: ProvenPeer): ServedConnection;
  /** As {@link FramedServer.drain}. */
  drain(): Promise<void>;
  /** Ends every connection, and each one that still comes. */
  close(): void;
}

/** Serves connections wherever they come from: a listening socket, or a simulated network. */
export function serveFramed(options: FramedServerOptions): FramedService {
  const counters = new FramedCounters();
  const shared: ServedOptions = {
    ...options,
    counters,
    limits: { ...defaultLimits, ...options.limits },
  };
  const connections = new Set<ServedConnection>();
  const waiting: (() => void)[] = [];
  let draining = false;

  const ended = (connection: ServedConnection): void => {
    connections.delete(connection);
    if (connections.size === 0) for (const resolve of waiting.splice(0)) resolve();
  };
  return {
    counters,
    accept(socket, peer) {
      const connection = new ServedConnection(socket, { ...shared, unit: peer?.unit }, ended);
      connections.add(connection);
      if (draining) connection.drain();
      return connection;
    },
    drain() {
      if (!draining) {
        draining = true;
        for (const connection of connections) connection.drain();
      }
      return connections.size === 0
        ? Promise.resolve()
        : new Promise((resolve) => waiting.push(resolve));
    },
    close() {
      draining = true;
      for (const connection of connections) connection.close();
    },
  };
}

/** Listens at `address`. Throws `invalid_configuration` or `start_failed`. */
export async function listenFramed(
  address: Address,
  options: FramedServerOptions,
): Promise<FramedServer> {
  const service = serveFramed(options);
  const { counters } = service;
  const limits = { ...defaultLimits, ...options.limits };
  const { identity } = options;
  const wanted = parseAddress(address);
  const secured =
    wanted.kind === "tcp" && identity !== undefined
      ? createSecureServer({
          ...options,
          counters,
          limits,
          identity,
          accept(socket, peer) {
            shareReadBuffer(socket);
            service.accept(socket, peer).endIn(identity, peer.endsInMs);
          },
        })
      : undefined;
  const server =
    secured?.server ??
    createServer((socket) => {
      shareReadBuffer(socket);
      service.accept(socket);
    });
  server.on("drop", () => void counters.dropped++);
  server.maxConnections = limits.maxConnections;
  const endpoint = await listenOn(server, wanted, options.reusePort);
  server.on("error", (error) => options.log.error("could not take a connection", { error }));
  const stopped = new Promise<void>((resolve) => server.once("close", resolve));

  const drain = (): Promise<void> => {
    if (server.listening) server.close();
    return service.drain();
  };
  const close = (): Promise<void> => {
    server.close();
    secured?.endHandshakes();
    service.close();
    return stopped;
  };
  return { address: formatAddress(endpoint), counters, drain, close };
}
