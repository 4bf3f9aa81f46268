const minute = 60_000;
const hour = 60 * minute;

/** A pair of windows over which a budget must have been spent too fast: the long one says that it matters, the short one that it goes on. */
export interface AlertWindows {
  readonly longMs: number;
  readonly shortMs: number;
  /** Burn rate from which both count. */
  readonly rate: number;
}

/**
 * Source: The Site Reliability Workbook, chapter 5, "6: Multiwindow, Multi-Burn-Rate Alerts", table 5-8. At 14.4 a budget of 30 days
 * loses 2 % in an hour, at 6 it loses 5 % in six hours; the short window is a twelfth of the long one.
 */
export const alertWindows: readonly AlertWindows[] = [
  { longMs: hour, shortMs: 5 * minute, rate: 14.4 },
  { longMs: 6 * hour, shortMs: 30 * minute, rate: 6 },
];

/** The longest history that is looked at, milliseconds. */
export const historyMs: number = Math.max(...alertWindows.map(({ longMs }) => longMs));

/** The longest step of a metric that is exact enough, milliseconds: a fifth of the shortest window. */
export const longestStepMs: number = Math.min(...alertWindows.map(({ shortMs }) => shortMs)) / 5;
