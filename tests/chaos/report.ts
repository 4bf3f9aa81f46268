import type { Finding } from "./invariants/invariant.ts";
import type { Journal } from "./load/journal.ts";
import type { Struck } from "./strike.ts";

/** Rows of evidence that are printed of one violation. */
const evidenceRows = 5;

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

/** True for what was looked at, unless nothing to look at is normal. */
function isOk({ checked, violations, mayBeNone }: Finding): boolean {
  return violations.length === 0 && (checked > 0 || mayBeNone === true);
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
  yield "invariants";
  for (const finding of findings) {
    yield `  ${isOk(finding) ? "ok      " : "VIOLATED"} ${finding.holds} (${finding.checked})`;
    if (finding.checked === 0 && !isOk(finding)) yield "             there was nothing to look at";
    for (const each of finding.violations.slice(0, evidenceRows))
      yield `             ${JSON.stringify(each)}`;
    if (finding.violations.length > evidenceRows)
      yield `             … and ${finding.violations.length - evidenceRows} more`;
  }
  yield "";
  yield `${passed} passed, ${failed} failed`;
}
