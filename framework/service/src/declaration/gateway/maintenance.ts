import { checkNumber } from "./bounds.ts";
import { addressRangeProblems } from "./trusted-proxies.ts";

/** Answers 503 with `Retry-After` in the place of whatever would answer. */
export interface Maintenance {
  /** Seconds after which clients may come back. */
  readonly retryAfterS: number;
  /** Clients that get through meanwhile, by address: `10.0.0.0/8`. */
  readonly allow?: readonly string[];
}

/** What is wrong with a maintenance mode. */
export function maintenanceProblems(where: string, maintenance: Maintenance | undefined): string[] {
  if (maintenance === undefined) return [];
  const problems = addressRangeProblems(`${where}: maintenance.allow`, maintenance.allow);
  if (maintenance.retryAfterS === undefined)
    problems.push(`${where}: maintenance says nothing of retryAfterS`);
  checkNumber(problems, `${where}: maintenance.retryAfterS`, maintenance.retryAfterS, [1, 86_400]);
  return problems;
}
