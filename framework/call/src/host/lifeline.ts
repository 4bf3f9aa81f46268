import { Socket } from "node:net";

/**
 * Calls `onGone` once when whoever started everything is gone: its end of the lifeline closes, even at kill -9. The
 * descriptor is named by KERF_LIFELINE_FD; without it there is no lifeline. Returns what stops watching.
 */
export function watchLifeline(onGone: () => void): () => void {
  const named = process.env["KERF_LIFELINE_FD"];
  if (named === undefined || !/^\d+$/.test(named)) return () => {};
  let told = false;
  const gone = (): void => {
    if (told) return;
    told = true;
    onGone();
  };
  let socket: Socket;
  try {
    socket = new Socket({ fd: Number(named), readable: true, writable: false });
  } catch {
    // A lifeline that was promised and is not there is a launcher that is gone already.
    queueMicrotask(gone);
    return () => void (told = true);
  }
  socket.on("end", gone).on("error", gone).on("close", gone);
  socket.resume();
  // Watching is no reason to go on living.
  socket.unref();
  return () => {
    told = true;
    socket.destroy();
  };
}
