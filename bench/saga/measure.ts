import { text } from "node:stream/consumers";
import type { ConnectionConfig } from "@kerf/data";

/** What a side is told, as JSON on its standard input: the connection holds a password. */
export interface SideOptions {
  readonly connection: ConnectionConfig;
  readonly seconds: number;
}

/** What a side found. */
export interface SideResult {
  /** Median time of one saga from its start to its recorded end, one after the other; milliseconds. */
  readonly serialMs: number;
  /** Sagas ended in a second with 32 in flight. */
  readonly perSecond: number;
}

/** Reads the options of this program. */
export async function sideOptions(): Promise<SideOptions> {
  return JSON.parse(await text(process.stdin)) as SideOptions;
}

/** Warms `saga` up, measures it, and prints the result as JSON; `saga` starts one and waits until its end is recorded. */
export async function measureSagas(saga: () => Promise<unknown>, seconds: number): Promise<void> {
  // What an engine waits for does not keep a process alive; a program that serves has other things that do.
  const alive = setInterval(() => undefined, 60_000);
  await inFlight(32, 0.5, saga);
  const times: number[] = [];
  const end = performance.now() + seconds * 1_000;
  while (performance.now() < end) {
    const since = performance.now();
    await saga();
    times.push(performance.now() - since);
  }
  times.sort((a, b) => a - b);
  const serialMs = times[times.length >> 1] as number;
  const perSecond = await inFlight(32, seconds, saga);
  clearInterval(alive);
  console.log(JSON.stringify({ serialMs, perSecond } satisfies SideResult));
}

async function inFlight(
  count: number,
  seconds: number,
  saga: () => Promise<unknown>,
): Promise<number> {
  const since = performance.now();
  const end = since + seconds * 1_000;
  let done = 0;
  const one = async (): Promise<void> => {
    while (performance.now() < end) {
      await saga();
      done += 1;
    }
  };
  await Promise.all(Array.from({ length: count }, one));
  return done / ((performance.now() - since) / 1_000);
}
