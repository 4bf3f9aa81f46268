import { fstatSync } from "node:fs";
import { Socket } from "node:net";
import type { ProgressEvent } from "@kerf/control-api";

/** The descriptor on which a launcher that wants to hear of the progress reads. */
const progressFd = 3;
/** What a launcher may leave unread, in bytes, before it misses events. */
const bufferBytes = 1024 * 1024;

/** How long the last events may take to leave, in milliseconds. */
const flushMs = 500;

/** The way to the launcher. */
export interface ProgressPipe {
  write(event: ProgressEvent): void;
  /** Resolves when everything has left, or cannot. */
  flush(): Promise<void>;
}

/** Writes events to the launcher, one JSON document a line; does nothing when nobody listens. */
export function progressPipe(): ProgressPipe {
  const pipe = openPipe();
  if (pipe === undefined) return { write: () => {}, flush: () => Promise.resolve() };
  // The launcher may die before us; that is what the lifeline is for.
  pipe.on("error", () => pipe.destroy());
  pipe.unref();
  return {
    write: (event) => {
      if (pipe.writable && pipe.writableLength < bufferBytes)
        pipe.write(`${JSON.stringify(event)}\n`);
    },
    flush: () =>
      new Promise((resolve) => {
        if (!pipe.writable || pipe.writableLength === 0) return resolve();
        setTimeout(resolve, flushMs);
        pipe.write("", () => resolve());
      }),
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
