import { connect, type OnReadOpts, type Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { type Clock, KerfError, toKerfError } from "@kerf/kernel";
import { type Endpoint, formatAddress } from "./address.ts";
import type { FrameSocket } from "./frame-socket.ts";
import type { ProvenPeer } from "./tls/prove-peer.ts";
import { assertPlaced, type ClientSecurity, secureConnect } from "./tls/secure-connect.ts";

/** Bytes that one read takes at most. */
const readBytes = 64 * 1024;

/** A socket on its way; exactly one of the two callbacks runs, none after `cancel`. */
export interface Dialing {
  cancel(): void;
}

/** How a caller connects. */
export interface DialOptions {
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** Over TCP: to the unit that is placed there and nobody else. */
  readonly security: ClientSecurity | undefined;
  /** Takes the connected socket, and who answered where that was to be proven; what it returns is given every byte that comes in. */
  readonly connected: (
    socket: FrameSocket,
    peer: ProvenPeer | undefined,
  ) => (bytes: Buffer) => void;
  readonly failed: (error: KerfError) => void;
}

/** Makes connections: {@link dial} everywhere but in a simulation. */
export type Dial = (endpoint: Endpoint, options: DialOptions) => Dialing;

/** Connects to `endpoint` within `timeoutMs`. */
export const dial: Dial = (endpoint, options) => {
  const { security } = options;
  let receive: ((bytes: Buffer) => void) | undefined;
  const onread: OnReadOpts = {
    buffer: Buffer.allocUnsafeSlow(readBytes),
    callback(bytes, buffer) {
      receive?.((buffer as Buffer).subarray(0, bytes));
      return true;
    },
  };
  const isSecure = endpoint.kind === "tcp" && security !== undefined;
  let socket: Socket;
  try {
    socket =
      endpoint.kind === "unix"
        ? connect({ path: endpoint.path, onread })
        : security !== undefined
          ? secureConnect(endpoint, security.identity, onread)
          : connect({ host: endpoint.host, port: endpoint.port, onread });
  } catch (thrown) {
    // Certificates that cannot be used: told later, as every other failure is.
    queueMicrotask(() => options.failed(toKerfError(thrown)));
    return { cancel: () => {} };
  }
  const event = isSecure ? "secureConnect" : "connect";
  const settle = (): void => {
    timer.cancel();
    socket.off(event, onConnect);
    socket.off("error", onError);
  };
  const giveUp = (error: KerfError | undefined): void => {
    settle();
    // An error of a socket that nobody wants any more must not become an exception.
    socket.on("error", () => {});
    socket.destroy();
    if (error !== undefined) options.failed(error);
  };
  const onConnect = (): void => {
    let peer: ProvenPeer | undefined;
    try {
      if (isSecure) peer = assertPlaced(socket as TLSSocket, formatAddress(endpoint), security);
    } catch (thrown) {
      return giveUp(toKerfError(thrown));
    }
    settle();
    receive = options.connected(socket, peer);
  };
  const onError = (error: NodeJS.ErrnoException): void =>
    giveUp(unreachable(endpoint, error.code ?? error.message, error));
  const timer = options.clock.after(options.timeoutMs, () =>
    giveUp(unreachable(endpoint, `no connection within ${options.timeoutMs} ms`, undefined)),
  );
  socket.once(event, onConnect);
  socket.once("error", onError);
  return { cancel: () => giveUp(undefined) };
};

/** The error of a connection that was never made. */
export function unreachable(endpoint: Endpoint, what: string, cause?: unknown): KerfError {
  return new KerfError("unavailable", {
    message: `Could not connect to ${formatAddress(endpoint)}: ${what}.`,
    why: "The instance there is not running, or is just starting or stopping.",
    fix: "kerf status shows what runs.",
    retry: "not-executed",
    cause,
  });
}
