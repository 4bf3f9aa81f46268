import type { Alert } from "./judge.ts";
import type { Objective } from "./objective.ts";

/** Over which time a budget is meant to last, days: a month, as in the chapter that the windows come from. */
const budgetDays = 30;

/** What an alert says in one sentence. */
export function alertText({ long, objective, short, windows }: Alert): string {
  const { kind, operation, service } = objective;
  const share = percent(short.failed / short.calls);
  const what = kind === "answered" ? "failed" : "were slower";
  return (
    `${service}.${operation} misses its objective of ${objectiveText(objective)}: ${share} of ${Math.round(short.calls)} calls ${what} in the last ` +
    `${span(windows.shortMs)}; at the rate of the last ${span(windows.longMs)} a budget of ${budgetDays} d lasts ${left(budgetDays / long.rate)}.`
  );
}

/** `99.9 %`, or `99 % within 300 ms`. */
export function objectiveText({
  target,
  withinMs,
}: Pick<Objective, "target" | "withinMs">): string {
  return withinMs === undefined ? percent(target) : `${percent(target)} within ${withinMs} ms`;
}

function percent(share: number): string {
  return `${Number((share * 100).toFixed(3))} %`;
}

function left(days: number): string {
  if (days >= 2) return `${days.toFixed(0)} d`;
  return days * 24 >= 2
    ? `${(days * 24).toFixed(0)} h`
    : `${Math.max(1, days * 24 * 60).toFixed(0)} min`;
}

/** `30 s`, `5 min`, `6 h`. */
export function span(ms: number): string {
  if (ms < 60_000) return `${Math.round(ms / 1_000)} s`;
  return ms < 3_600_000 ? `${Math.round(ms / 60_000)} min` : `${Math.round(ms / 3_600_000)} h`;
}
