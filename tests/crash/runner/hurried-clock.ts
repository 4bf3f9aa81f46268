import { type Clock, systemClock } from "@kerf/kernel";

/** Pauses between beats and between looks for what others left, milliseconds: they come ten times as often. */
const beats = { from: 2_000, to: 3_500 };
/** Until the first upkeep of the databases, milliseconds: it comes nearly at once. */
const firstUpkeep = { from: 30_000, to: 45_000 };

/** This machine's clock, on which what a run would only wait for comes sooner. */
export function hurriedClock(upkeep: boolean): Clock {
  return {
    ...systemClock,
    after(ms, fn) {
      const isBeat = ms >= beats.from && ms <= beats.to;
      const isUpkeep = upkeep && ms >= firstUpkeep.from && ms <= firstUpkeep.to;
      return systemClock.after(isBeat ? ms / 10 : isUpkeep ? 20 : ms, fn);
    },
  };
}
