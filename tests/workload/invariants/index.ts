import { answers } from "./answers.ts";
import { atRest } from "./at-rest.ts";
import { counters } from "./counters.ts";
import { events } from "./events.ts";
import type { Evidence, Finding, Invariant } from "./invariant.ts";
import { money } from "./money.ts";
import { orders } from "./orders.ts";
import { sagas } from "./sagas.ts";
import { search } from "./search.ts";
import { stock } from "./stock.ts";

/** Everything that must be true once the app is at rest. */
const invariants: readonly Invariant[] = [
  answers,
  orders,
  money,
  stock,
  sagas,
  counters,
  events,
  search,
  atRest,
];

/** Looks at all of them. */
export async function judge(evidence: Evidence): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const invariant of invariants) {
    try {
      findings.push(...(await invariant(evidence)));
    } catch (error) {
      const holds = `${invariant.name} can be looked at`;
      findings.push({ holds, checked: 1, violations: [String(error)] });
    }
  }
  return findings;
}
