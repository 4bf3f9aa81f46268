import type { Alert } from "./judge.ts";

/** Over which time a budget is meant to last, days: a month, as in the chapter that the windows come from. */
const budgetDays = 30;

/** What an alert says in one sentence. */
export function alertText({ long, objective, short, windows }: Alert): string {
  const { operation, service, target } = objective;
  const share = percent(short.failed / short.calls);
  const days = budgetDays / long.rate;
  const left = days < 2 ? `${(days * 24).toFixed(0)} h` : `${days.toFixed(0)} d`;
  return (
    `${service}.${operation} misses its objective of ${percent(target)}: ${share} of ${short.calls} calls failed in the last ` +
    `${windows.shortMs / 60_000} min; at the rate of the last ${windows.longMs / 3_600_000} h a budget of ${budgetDays} d lasts ${left}.`
  );
}

function percent(share: number): string {
  return `${Number((share * 100).toFixed(3))} %`;
}
