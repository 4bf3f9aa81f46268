import type { AlertWindowSettings } from "@kerf/service";

const minute = 60_000;
const hour = 60 * minute;

/** A pair of windows over which a budget must have been spent too fast: the long one says that it matters, the short one that it goes on. */
export type AlertWindows = AlertWindowSettings;

/**
 * Source: The Site Reliability Workbook, chapter 5, "6: Multiwindow, Multi-Burn-Rate Alerts", table 5-8. At 14.4 a budget of 30 days
 * loses 2 % in an hour, at 6 it loses 5 % in six hours; the short window is a twelfth of the long one.
 */
export const alertWindows: readonly AlertWindows[] = [
  { longMs: hour, shortMs: 5 * minute, rate: 14.4 },
  { longMs: 6 * hour, shortMs: 30 * minute, rate: 6 },
];

/** Programs tell their metrics each 10 s; what is asked for more often is not finer. */
const shortestStepMs = 1_000;
/** Bounds of how often objectives are judged, milliseconds. */
const [soonestMs, latestMs] = [1_000, 15_000];

/** What follows from windows, all in milliseconds. */
export interface WindowTimes {
  /** The longest history that is looked at. */
  readonly historyMs: number;
  /** In steps of which it is kept: at most a fifth of the shortest window, so that what is cut off at its ends does not matter. */
  readonly stepMs: number;
  /** How long an objective has to be met again before that is told: as long as the shortest window, so that nobody is told back and forth. */
  readonly calmMs: number;
  /** How often objectives are judged. */
  readonly everyMs: number;
}

/** The times that go with some windows. */
export function windowTimes(windows: readonly AlertWindows[]): WindowTimes {
  const shortest = Math.min(...windows.map(({ shortMs }) => shortMs));
  return {
    historyMs: Math.max(...windows.map(({ longMs }) => longMs)),
    stepMs: Math.max(shortestStepMs, Math.floor(shortest / 5 / 1_000) * 1_000),
    calmMs: shortest,
    everyMs: Math.min(latestMs, Math.max(soonestMs, shortest / 20)),
  };
}
