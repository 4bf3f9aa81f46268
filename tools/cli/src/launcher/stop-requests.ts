import { Socket } from "node:net";

/** Why everything is to stop. */
export type StopRequest = "SIGINT" | "SIGTERM" | "SIGHUP" | "parent-gone";

/** One Ctrl-C may arrive twice, from the terminal and from npm; within this many milliseconds it is the same one. */
const sameSignalMs = 500;

/** Calls `onRequest` for Ctrl-C, signals and the end of the process that started us; returns what takes that back. */
export function onStopRequest(onRequest: (request: StopRequest) => void): () => void {
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  const listeners = signals.map((signal) => {
    let last = -Infinity;
    const listener = (): void => {
      const now = performance.now();
      if (now - last >= sameSignalMs) onRequest(signal);
      last = now;
    };
    process.on(signal, listener);
    return () => process.off(signal, listener);
  });
  const lifeline = parentLifeline();
  lifeline?.once("close", () => onRequest("parent-gone"));
  return () => {
    for (const remove of listeners) remove();
    lifeline?.removeAllListeners("close");
    lifeline?.destroy();
  };
}

/** The pipe whose end says that `npm start` is gone, whatever killed it; undefined when nobody handed one over. */
function parentLifeline(): Socket | undefined {
  const fd = Number(process.env["KERF_PARENT_LIFELINE_FD"]);
  // Somebody else's lifeline: under that number this process has a descriptor of its own, such as Node's for signals.
  if (Number(process.env["KERF_PARENT_PID"]) !== process.ppid) return undefined;
  if (!Number.isInteger(fd) || fd < 3) return undefined;
  const lifeline = new Socket({ fd, readable: true, writable: false });
  lifeline.on("error", () => {}); // "close" follows and says it all.
  lifeline.resume();
  lifeline.unref();
  return lifeline;
}
