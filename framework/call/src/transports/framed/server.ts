import { createServer, type Socket } from "node:net";
import type { Clock, TimerWheel } from "@kerf/kernel";
import type { Logger } from "@kerf/telemetry";
import type { Address } from "../../placement.ts";
import type { WorkloadIdentity } from "../../identity/workload-identity.ts";
import type { Dispatcher } from "../../transport.ts";
import { formatAddress, parseAddress } from "./address.ts";
import { FramedCounters } from "./counters.ts";
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

/** Listens at `address`. Throws `invalid_configuration` or `start_failed`. */
export async function listenFramed(
  address: Address,
  options: FramedServerOptions,
): Promise<FramedServer> {
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
  const accept = (socket: Socket, peer?: ProvenPeer): ServedConnection => {
    const connection = new ServedConnection(socket, { ...shared, unit: peer?.unit }, ended);
    connections.add(connection);
    if (draining) connection.drain();
    return connection;
  };
  const { identity } = options;
  const wanted = parseAddress(address);
  const secured =
    wanted.kind === "tcp" && identity !== undefined
      ? createSecureServer({
          ...shared,
          identity,
          accept: (socket, peer) => accept(socket, peer).endIn(identity, peer.endsInMs),
        })
      : undefined;
  const server = secured?.server ?? createServer((socket) => void accept(socket));
  server.on("drop", () => void counters.dropped++);
  server.maxConnections = shared.limits.maxConnections;
  const endpoint = await listenOn(server, wanted);
  server.on("error", (error) => options.log.error("could not take a connection", { error }));
  const stopped = new Promise<void>((resolve) => server.once("close", resolve));

  const drain = (): Promise<void> => {
    if (!draining) {
      draining = true;
      server.close();
      for (const connection of connections) connection.drain();
    }
    return connections.size === 0
      ? Promise.resolve()
      : new Promise((resolve) => waiting.push(resolve));
  };
  const close = (): Promise<void> => {
    draining = true;
    server.close();
    secured?.endHandshakes();
    for (const connection of connections) connection.close();
    return stopped;
  };
  return { address: formatAddress(endpoint), counters, drain, close };
}
