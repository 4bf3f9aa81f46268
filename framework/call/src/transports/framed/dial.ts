import { connect } from "node:net";
import { type Clock, KerfError } from "@kerf/kernel";
import { type Endpoint, formatAddress } from "./address.ts";
import type { FrameSocket } from "./frame-socket.ts";

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
  /** Takes the connected socket; what it returns is given every byte that comes in. */
  readonly connected: (socket: FrameSocket) => (bytes: Buffer) => void;
  readonly failed: (error: KerfError) => void;
}

/** Makes connections: {@link dial} everywhere but in a simulation. */
export type Dial = (endpoint: Endpoint, options: DialOptions) => Dialing;

/** Connects to `endpoint` within `timeoutMs`. */
export const dial: Dial = (endpoint, options) => {
  let receive: ((bytes: Buffer) => void) | undefined;
  const socket = connect({
    ...(endpoint.kind === "unix"
      ? { path: endpoint.path }
      : { host: endpoint.host, port: endpoint.port }),
    onread: {
      buffer: Buffer.allocUnsafeSlow(readBytes),
      callback(bytes, buffer) {
        receive?.((buffer as Buffer).subarray(0, bytes));
        return true;
      },
    },
  });
  const settle = (): void => {
    timer.cancel();
    socket.off("connect", onConnect);
    socket.off("error", onError);
  };
  const giveUp = (what: string, cause?: unknown): void => {
    settle();
    // An error of a socket that nobody wants any more must not become an exception.
    socket.on("error", () => {});
    socket.destroy();
    if (what !== "") options.failed(unreachable(endpoint, what, cause));
  };
  const onConnect = (): void => {
    settle();
    receive = options.connected(socket);
  };
  const onError = (error: NodeJS.ErrnoException): void =>
    giveUp(error.code ?? error.message, error);
  const timer = options.clock.after(options.timeoutMs, () =>
    giveUp(`no connection within ${options.timeoutMs} ms`),
  );
  socket.once("connect", onConnect);
  socket.once("error", onError);
  return { cancel: () => giveUp("") };
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
