import { operationSettings, type Policies, policyDefaults, type PolicySettings } from "@kerf/call";
import type { ContractDescription } from "@kerf/contract";

/** What callers of one operation may rely on. */
export interface OperationPolicy {
  readonly service: string;
  readonly operation: string;
  readonly kind: "query" | "command" | "stream";
  /** How often it takes effect when it is sent more than once. */
  readonly effect: "none" | "once a key" | "at least once";
  readonly why: string;
  /** Bound of a call that sets none, milliseconds; null for a stream, which has none. */
  readonly deadlineMs: number | null;
  /** Attempts of one call in all, the first included. */
  readonly attempts: number;
  /** What it is set to where the defaults do not hold: by its contract, or by the app. */
  readonly set: PolicySettings;
}

/** The policies of a service's operations, from what it declares. */
export function policiesOf(
  service: {
    readonly name: string;
    readonly contract: ContractDescription;
    readonly database?: unknown;
    readonly program?: unknown;
  },
  policies: Policies = {},
): OperationPolicy[] {
  return Object.entries(service.contract.operations).map(([operation, description]) => {
    const { kind } = description;
    const isForeign = service.program !== undefined;
    const set = operationSettings(policies, service.name, operation, description);
    return {
      service: service.name,
      operation,
      kind,
      ...effectOf(kind, isForeign ? "foreign" : service.database !== undefined),
      deadlineMs: set.deadlineMs ?? (kind === "stream" ? null : policyDefaults.deadlineMs),
      attempts: set.attempts ?? policyDefaults.attempts,
      set,
    };
  });
}

function effectOf(
  kind: OperationPolicy["kind"],
  recorded: boolean | "foreign",
): Pick<OperationPolicy, "effect" | "why"> {
  if (kind !== "command") return { effect: "none", why: "it reads only: repeated at will" };
  if (recorded === "foreign") {
    return {
      effect: "at least once",
      why: "its effects lie with a program of its own, which is told the key: repeated only when it surely was not executed",
    };
  }
  return recorded
    ? {
        effect: "once a key",
        why: "what it does in its own database commits with a record of its key, which lives for 24 hours; what it does elsewhere may be repeated",
      }
    : {
        effect: "at least once",
        why: "the service has no transactional database to record it in: repeated only when it surely was not executed",
      };
}
