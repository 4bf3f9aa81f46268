import { KerfError } from "@kerf/kernel";

/** What is promised of an operation: which share of its calls is to be answered. */
export interface Objective {
  readonly service: string;
  readonly operation: string;
  /** Share of good calls, such as 0.999. */
  readonly target: number;
}

/** The budget of a higher target is spent by single calls, so that every failure would be an alert. */
const highestTarget = 0.999_99;

/** Throws `invalid_configuration` for a target that leaves no budget, or that nobody needs to be woken for. */
export function assertObjective({ operation, service, target }: Objective): void {
  if (target >= 0.5 && target <= highestTarget) return;
  throw new KerfError("invalid_configuration", {
    message: `The objective of ${service}.${operation} has the target ${target}.`,
    why: "It is the share of calls that are to be answered; what it leaves is the budget for those that are not.",
    fix: `Give a share from 0.5 to ${highestTarget}, such as 0.999.`,
  });
}

/** Share of calls that may fail. */
export function budgetOf({ target }: Pick<Objective, "target">): number {
  return 1 - target;
}
