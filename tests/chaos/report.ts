import { isOk, linesOfFindings } from "../workload/invariants/findings.ts";
import type { Finding } from "../workload/invariants/invariant.ts";
import type { Journal } from "../workload/load/journal.ts";
import type { Struck } from "./strike.ts";

/** What a run found. */
export interface Report {
  readonly findings: readonly Finding[];
  readonly struck: readonly Struck[];
  readonly passed: number;
  readonly failed: number;
}

export function reportOf(findings: readonly Finding[], struck: readonly Struck[]): Report {
  const failed = findings.filter((finding) => !isOk(finding)).length;
  return { findings, struck, passed: findings.length - failed, failed };
}

/** The report as lines. */
export function* linesOf({ findings, struck, passed, failed }: Report, journal: Journal) {
  yield "";
  yield "faults";
  const kinds = Map.groupBy(struck, ({ fault }) => fault);
  for (const [kind, all] of [...kinds].sort(([a], [b]) => (a < b ? -1 : 1)))
    yield `  ${kind.padEnd(22)} ${String(all.length).padStart(4)}`;
  yield "";
  yield `what ${journal.requests} requests saw of it (allowed)`;
  for (const [kind, count] of [...journal.failures].sort(([, a], [, b]) => b - a))
    yield `  ${kind.padEnd(40)} ${String(count).padStart(6)}`;
  yield "";
  yield* linesOfFindings(findings);
  yield "";
  yield `${passed} passed, ${failed} failed`;
}
