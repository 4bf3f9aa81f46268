import type { LoadKeeper } from "../load/load-keeper.ts";
import { sliceMs } from "../load/load-history.ts";
import type { WaitingEvents } from "./lag.ts";
import type { ScalingSample } from "./scaler.ts";

/**
 * What the copies of a unit carry together. Copies that have not told anything yet are taken to carry what the others do on average, so that a
 * copy that just started does not look like less load.
 */
export function sampleOf(
  load: Pick<LoadKeeper, "instancesOf" | "window">,
  unit: string,
  /** Instances that serve. */
  serving: readonly string[],
  /** What waits elsewhere: events in logs, calls for a first copy. */
  waiting: { readonly events?: WaitingEvents | undefined; readonly calls?: number } = {},
): ScalingSample {
  const told = load.instancesOf(unit).filter(({ subject }) => serving.includes(subject.instance));
  const factor = told.length === 0 ? 0 : serving.length / told.length;
  const sum = (value: (one: (typeof told)[number]) => number): number =>
    told.reduce((all, one) => all + value(one), 0) * factor;
  return {
    inFlight: sum(({ inFlight }) => inFlight) + (waiting.calls ?? 0),
    streams: sum(({ streams }) => streams),
    cpuShare: sum(({ cpuShare }) => cpuShare),
    lag: waiting.events?.events ?? 0,
    called: waiting.events?.hasMoved === true || load.window({ unit }, sliceMs).calls > 0,
  };
}
