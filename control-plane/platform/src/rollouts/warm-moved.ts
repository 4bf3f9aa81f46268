import type { Clock } from "@kerf/kernel";
import type { LoadKeeper } from "../load/load-keeper.ts";
import { rateOf } from "../load/load-window.ts";

/**
 * Shares of the calls that copies get one after the other before a service moves to them, each for so long, milliseconds. A program's first call of an
 * operation takes ten times the processor of a later one, the next dozen twice as much (16, 2.5 and 1.3 ms in the shop's `search`): with all of the calls at
 * once that is more than there is, and they wait for each other. (Under 500 requests a second on two cores, a service that joined another at once
 * made the slowest hundredth of all requests take 8.7 times as long.)
 */
const ramp = [
  { share: 0.1, ms: 1_000 },
  { share: 0.3, ms: 1_000 },
];

/** Fewer calls a second than this do not wait for each other, however slow the first ones are, and would warm little up: three tenths of them for a second are three. */
const leastRate = 10;
/** Over how long calls are counted for that, milliseconds; at least, since they are kept in slices of as long. */
const countedMs = 5_000;

/** What the copies of a service that moves are warmed up by. */
export interface Warming {
  readonly clock: Pick<Clock, "after">;
  readonly load: Pick<LoadKeeper, "window">;
  /** The units that the change touches. */
  readonly units: readonly string[];
  /** Gives the staged copies this share of the calls; resolves when everyone knows. */
  readonly share: (share: number) => Promise<void>;
  /** Tells of it while `work` does it. */
  readonly step: (detail: string, work: () => Promise<void>) => Promise<void>;
}

/** Lets the copies that a service moves to be called, a few times first and then more often, where there are enough calls for that to matter. */
export async function warmMoved(warming: Warming): Promise<void> {
  const { clock, load, share, step, units } = warming;
  const rates = units.map((unit) => rateOf(load.window({ unit }, countedMs)));
  if (rates.reduce((sum, rate) => sum + rate, 0) < leastRate) return;
  const shares = ramp.map((each) => `${each.share * 100} %`).join(", then ");
  await step(`${shares} of the calls`, async () => {
    for (const part of ramp) {
      await share(part.share);
      await new Promise<void>((resolve) => void clock.after(part.ms, resolve));
    }
  });
}
