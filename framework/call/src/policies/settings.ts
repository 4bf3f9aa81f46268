import type { Criticality, QueryPolicies } from "@kerf/contract";
import { type PolicyDefaults, policyDefaults } from "./defaults.ts";

/** What an app sets for calls, beside the numbers of {@link PolicyDefaults}. */
export interface PolicySettings extends Partial<PolicyDefaults>, QueryPolicies {
  readonly criticality?: Criticality;
}

/** Settings by what they are for: `"*"` all calls, `"orders"` those of one service, `"orders.get"` those of one operation. */
export type Policies = Readonly<Record<string, PolicySettings>>;

/** What a contract says of calls of one operation. */
export interface Tuned {
  readonly attempts?: number | undefined;
  readonly deadlineMs?: number | undefined;
  readonly criticality?: Criticality | undefined;
  readonly policies?: QueryPolicies | undefined;
}

/** What holds for everything that a caller keeps for one service. */
export function serviceSettings(policies: Policies | undefined, service: string): PolicySettings {
  return { ...policies?.["*"], ...policies?.[service] };
}

/**
 * What holds for calls of one operation, the closest word last: what the app says of all calls, what the contract says, what the app says of
 * the service, and of the operation.
 */
export function operationSettings(
  policies: Policies | undefined,
  service: string,
  operation: string,
  { attempts, criticality, deadlineMs, policies: ofQuery }: Tuned,
): PolicySettings {
  return {
    ...policies?.["*"],
    ...(attempts === undefined ? undefined : { attempts }),
    ...(criticality === undefined ? undefined : { criticality }),
    ...(deadlineMs === undefined ? undefined : { deadlineMs }),
    ...ofQuery,
    ...policies?.[service],
    ...policies?.[`${service}.${operation}`],
  };
}

/** The settings that say how one query is made. */
export function queryPoliciesOf({ cache, coalesce, hedge }: PolicySettings): QueryPolicies {
  return {
    ...(cache === undefined ? undefined : { cache }),
    ...(coalesce === undefined ? undefined : { coalesce }),
    ...(hedge === undefined ? undefined : { hedge }),
  };
}

/** The numbers among the settings, over the defaults. */
export function numbersOf(settings: PolicySettings): PolicyDefaults {
  const numbers = Object.entries(settings).filter(
    ([name, value]) => Object.hasOwn(policyDefaults, name) && value !== undefined,
  );
  return { ...policyDefaults, ...(Object.fromEntries(numbers) as Partial<PolicyDefaults>) };
}

/** Settings that make sense for one operation alone; the others belong to what all calls of a service share. */
const ofOperations: ReadonlySet<string> = new Set([
  "deadlineMs",
  "attempts",
  "backoffBaseMs",
  "backoffCapMs",
  "longestPushbackMs",
  "attemptFloorMs",
  "attemptFactor",
  "criticality",
  "hedge",
  "coalesce",
  "cache",
]);
const criticalities: readonly unknown[] = ["critical", "normal", "sheddable"];

/** Everything that is wrong with an app's policies, given its operations by service: one line each. */
export function policyProblems(
  policies: Policies,
  operations: ReadonlyMap<string, Readonly<Record<string, { readonly kind: string }>>>,
): string[] {
  const problems: string[] = [];
  for (const [target, settings] of Object.entries(policies)) {
    const [service = "", operation, ...more] = target.split(".");
    const known = operations.get(service);
    const kind = operation === undefined ? undefined : known?.[operation]?.kind;
    if (target !== "*" && known === undefined)
      problems.push(`policies.${target}: there is no service ${service}`);
    else if (more.length > 0 || (operation !== undefined && kind === undefined))
      problems.push(`policies.${target}: ${service} has no such operation`);
    for (const [name, value] of Object.entries(settings)) {
      const problem = settingProblem(name, value, operation !== undefined, kind);
      if (problem !== undefined) problems.push(`policies.${target}: ${name} ${problem}`);
    }
  }
  return problems;
}

function settingProblem(
  name: string,
  value: unknown,
  isOperation: boolean,
  kind: string | undefined,
): string | undefined {
  if (isOperation && Object.hasOwn(policyDefaults, name) && !ofOperations.has(name))
    return "is shared by all operations of a service; set it for the service";
  if (Object.hasOwn(policyDefaults, name))
    return typeof value === "number" && Number.isFinite(value) && value > 0
      ? undefined
      : `must be a number above 0, not ${JSON.stringify(value)}`;
  if (name === "criticality")
    return criticalities.includes(value) ? undefined : `must be one of ${criticalities.join(", ")}`;
  if (!ofOperations.has(name)) return "is no setting";
  if (kind !== undefined && kind !== "query") return "is for queries, which change nothing";
  if (name !== "cache") return typeof value === "boolean" ? undefined : "must be true or false";
  const { ttlMs, for: whom } = (value ?? {}) as { ttlMs?: unknown; for?: unknown };
  return typeof ttlMs === "number" && ttlMs > 0 && (whom === "everyone" || whom === "principal")
    ? undefined
    : 'must be { ttlMs, for: "everyone" | "principal" }';
}
