import type { Finding } from "./invariant.ts";

/** Rows of evidence that are printed of one violation. */
const evidenceRows = 5;

/** True for what was looked at, unless nothing to look at is normal. */
export function isOk({ checked, violations, mayBeNone }: Finding): boolean {
  return violations.length === 0 && (checked > 0 || mayBeNone === true);
}

/** Each with its verdict, and what shows that it is violated. */
export function* linesOfFindings(findings: readonly Finding[]) {
  yield "invariants";
  for (const finding of findings) {
    yield `  ${isOk(finding) ? "ok      " : "VIOLATED"} ${finding.holds} (${finding.checked})`;
    if (finding.checked === 0 && !isOk(finding)) yield "             there was nothing to look at";
    for (const each of finding.violations.slice(0, evidenceRows))
      yield `             ${JSON.stringify(each)}`;
    if (finding.violations.length > evidenceRows)
      yield `             … and ${finding.violations.length - evidenceRows} more`;
  }
}
