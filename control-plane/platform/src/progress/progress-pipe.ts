import { fstatSync } from "node:fs";
import { Socket } from "node:net";
import type { ProgressEvent } from "@kerf/control-api";

/** The descriptor on which a launcher that wants to hear of the progress reads. */
const progressFd = 3;
/** What a launcher may leave unread, in bytes, before it misses events. */
const bufferBytes = 1024 * 1024;

/** Writes events to the launcher, one JSON document a line; does nothing when nobody listens. */
export function progressPipe(): (event: ProgressEvent) => void {
  const pipe = openPipe();
  if (pipe === undefined) return () => {};
  let gone = false;
  const close = (): void => {
    gone = true;
    pipe.destroy();
  };
  // The launcher may die before us; that is what the lifeline is for.
  pipe.on("error", close);
  pipe.unref();
  return (event) => {
    if (!gone && pipe.writableLength < bufferBytes) pipe.write(`${JSON.stringify(event)}\n`);
  };
}

/** Node gives pipes to its children as sockets; anything else behind that number is Node's own. */
function openPipe(): Socket | undefined {
  try {
    if (!fstatSync(progressFd).isSocket()) return undefined;
    return new Socket({ fd: progressFd, readable: false, writable: true });
  } catch {
    return undefined;
  }
}
