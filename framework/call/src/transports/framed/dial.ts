import { connect, type Socket } from "node:net";
import { type Clock, KerfError } from "@kerf/kernel";
import { type Endpoint, formatAddress } from "./address.ts";

/** Bytes that one read takes at most. */
const readBytes = 64 * 1024;

/** A socket on its way; exactly one of the two callbacks runs, none after `cancel`. */
export interface Dialing {
  cancel(): void;
}

/** Connects to `endpoint` within `timeoutMs`. */
export function dial(
  endpoint: Endpoint,
  options: {
    clock: Clock;
    timeoutMs: number;
    connected: (socket: Socket) => (bytes: Buffer) => void;
    failed: (error: KerfError) => void;
  },
): Dialing {
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
}

function unreachable(endpoint: Endpoint, what: string, cause: unknown): KerfError {
  return new KerfError("unavailable", {
    message: `Could not connect to ${formatAddress(endpoint)}: ${what}.`,
    why: "The instance there is not running, or is just starting or stopping.",
    fix: "kerf status shows what runs.",
    retry: "not-executed",
    cause,
  });
}
