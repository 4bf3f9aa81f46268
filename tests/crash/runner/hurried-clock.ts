import { type Clock, systemClock } from "@kerf/kernel";

/** Pauses between beats, between looks for what others left, and after a failed build, milliseconds: they come ten times as often. */
const beats = [
  { from: 2_000, to: 3_500 },
  { from: 5_000, to: 5_000 },
];
/** Until the first upkeep of the databases, milliseconds: it comes nearly at once. */
const firstUpkeep = { from: 30_000, to: 45_000 };

/** This machine's clock, on which what a run would only wait for comes sooner. */
export function hurriedClock(upkeep: boolean): Clock {
  return {
    ...systemClock,
    after(ms, fn) {
      const isBeat = beats.some(({ from, to }) => ms >= from && ms <= to);
      const isUpkeep = upkeep && ms >= firstUpkeep.from && ms <= firstUpkeep.to;
      return systemClock.after(isBeat ? ms / 10 : isUpkeep ? 20 : ms, fn);
    },
  };
}
