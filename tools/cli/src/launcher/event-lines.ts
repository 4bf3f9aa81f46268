import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import type { ProgressEvent } from "@kerf/control-api";

/** Reads the platform's progress, one JSON document a line; a line that is none goes to `unreadable`. */
export async function readEvents(
  stream: Readable,
  onEvent: (event: ProgressEvent) => void,
  unreadable: (line: string) => void,
): Promise<void> {
  for await (const line of createInterface({ input: stream, crlfDelay: Infinity })) {
    if (line.trim() === "") continue;
    let event: ProgressEvent;
    try {
      event = JSON.parse(line) as ProgressEvent;
    } catch {
      unreadable(line);
      continue;
    }
    onEvent(event);
  }
}
