import { setTimeout as sleep } from "node:timers/promises";
import { KerfError } from "@kerf/kernel";
import { Cell, modes } from "./cell.ts";

/** How long a call takes when all is well, milliseconds, and how many times as long when the instance is slow. */
const takesMs = 3;
const slowness = 100;
/** How often a hung call looks whether it may go on, milliseconds. */
const lookMs = 50;

/** What every handler of a service does first: it takes its time, or does what its cell says. */
export function workOf(service: string): () => Promise<void> {
  const cell = Cell.ofThisProcess(service);
  return async () => {
    switch (cell.enter()) {
      case modes.hang:
        // Whoever called may be gone long since: a hung handler does not notice.
        while (cell.mode === modes.hang) await sleep(lookMs);
        return;
      case modes.slow:
        await sleep(takesMs * slowness);
        return;
      case modes.unavailable:
        throw new KerfError("unavailable", "This instance has lost what it needs.");
      case modes.bug:
        throw new Error("This instance fails.");
      default:
        await sleep(takesMs);
    }
  };
}
