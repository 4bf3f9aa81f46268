import { Socket } from "node:net";
import { Duplex } from "node:stream";

/** Bytes that one read takes at most. */
const bytes = 64 * 1024;

/**
 * What Node keeps in a socket for its option `onread`. That option is public for connections that are made; those that a server takes in cannot have it,
 * though they have the same fields. Missing in a Node that names them otherwise: then each read has a buffer of its own, as everywhere.
 */
const [bufferField, callbackField] = (() => {
  const fields = Object.getOwnPropertySymbols(new Socket());
  return ["kBuffer", "kBufferCb"].map((name) => fields.find((field) => field.description === name));
})();

let shared: Buffer | undefined;

interface ReadingSocket {
  readonly _handle?: { readonly useUserBuffer?: (buffer: Buffer) => void } | null;
  [field: symbol]: unknown;
}

/** Whether this system and this Node can. On Windows a read holds its buffer for as long as it waits. */
export const sharesReadBuffer: boolean =
  process.platform !== "win32" && bufferField !== undefined && callbackField !== undefined;

/**
 * From now on what `socket` reads lies in one buffer that all of them share, instead of 64 KiB that are allocated, cut and collected for each read. **The
 * bytes of a `data` event are valid until its listener returns**; what is kept has to be copied. Returns what ends this: later events have bytes of their
 * own. Does nothing where it cannot be done.
 */
export function shareReadBuffer(socket: Socket): () => void {
  const reading = socket as unknown as ReadingSocket;
  const handle = reading._handle;
  if (!sharesReadBuffer || typeof handle?.useUserBuffer !== "function") return () => {};
  shared ??= Buffer.allocUnsafeSlow(bytes);
  let isShared = true;
  reading[bufferField as symbol] = shared;
  reading[callbackField as symbol] = (length: number, buffer: Buffer): boolean => {
    const chunk = buffer.subarray(0, length);
    // Nobody listens at the moment, or there are bytes before these: they wait in the stream.
    if (!isShared || socket.readableFlowing !== true || socket.readableLength > 0)
      return socket.push(Buffer.from(chunk));
    socket.emit("data", chunk);
    return true;
  };
  // As of any other socket: reading goes on until as much waits as a stream holds. Node would stop it at once, and who pauses and resumes in every turn would never read.
  socket.pause = function () {
    Duplex.prototype.pause.call(this);
    return this;
  };
  handle.useUserBuffer(shared);
  return () => void (isShared = false);
}
