import type { ContractDescription, OperationDescription } from "../description.ts";
import type { JsonSchema } from "../schema.ts";
import { compareEvents } from "./events.ts";
import {
  type ContractFinding,
  type Direction,
  type FindingCode,
  type SchemaFinding,
  type Verdict,
} from "./finding.ts";
import { compareSchemas } from "./schemas.ts";

/** What is compared: a contract as a consumer knows it, and as its provider has it. */
export interface ContractsToCompare {
  /** The contract that the consumer was built with; of one that it uses in part, that part. */
  readonly consumer: ContractDescription;
  /** The contract that is live, or would be. */
  readonly provider: ContractDescription;
  /** Name of the consuming service, for the findings. */
  readonly consumerName?: string;
  /** The operations that it calls; all of its contract when absent. */
  readonly operations?: readonly string[];
  /** The events that it follows; all of its contract when absent. */
  readonly events?: readonly string[];
}

/**
 * Everything in which a consumer and a provider do not go together, whichever of the two is the newer: what the consumer sends must be taken by the
 * provider, what the provider answers and publishes must be understood by the consumer. Empty, or notes only, when they do.
 */
export function compareContracts(compared: ContractsToCompare): ContractFinding[] {
  const { consumer, provider, consumerName, operations } = compared;
  const found: ContractFinding[] = [];
  for (const name of operations ?? Object.keys(consumer.operations)) {
    const built = consumer.operations[name];
    if (built === undefined) continue;
    const place: OperationPlace = {
      provider: provider.name,
      operation: name,
      caller: consumerName ?? "the consumer",
      callee: provider.name,
      ...(consumerName === undefined ? undefined : { consumer: consumerName }),
    };
    const live = provider.operations[name];
    if (live === undefined)
      found.push(operationFinding(place, "operation_gone", `${provider.name} does not offer it`));
    else found.push(...compareCallers(built, live, place), ...compareOperation(built, live, place));
  }
  return [...found, ...compareEvents(compared)];
}

/** Where a finding of an operation is, and who is on its two sides. */
export interface OperationPlace {
  readonly consumer?: string;
  readonly provider: string;
  readonly operation: string;
  /** Who calls, and who answers, in sentences. */
  readonly caller: string;
  readonly callee: string;
}

/** A finding about an operation. */
export function operationFinding(
  { consumer, provider, operation }: OperationPlace,
  code: FindingCode,
  message: string,
  {
    direction = "operation",
    path = "",
    verdict = "incompatible",
  }: {
    direction?: Direction;
    path?: string;
    verdict?: Verdict;
  } = {},
): ContractFinding {
  return {
    verdict,
    ...(consumer === undefined ? undefined : { consumer }),
    provider,
    operation,
    direction,
    path,
    code,
    message,
  };
}

function compareCallers(
  built: OperationDescription,
  live: OperationDescription,
  place: OperationPlace,
): ContractFinding[] {
  const { caller, callee } = place;
  const found: ContractFinding[] = [];
  // Other services may call what is `public` or `service` without a user; only `user` wants one.
  if (live.access === "user" && built.access !== "user") {
    const message = `${caller} calls it without a user as well, ${callee} wants one`;
    found.push(operationFinding(place, "access", message));
  }
  if (built.cursor !== undefined && built.cursor !== live.cursor) {
    const message = `${caller} resumes after ${built.cursor}, ${callee} after ${live.cursor ?? "nothing"}`;
    found.push(operationFinding(place, "cursor", message));
  }
  return found;
}

/** Compares what an operation takes and answers, for callers inside and outside alike. */
export function compareOperation(
  built: OperationDescription,
  live: OperationDescription,
  place: OperationPlace,
): ContractFinding[] {
  const { caller, callee } = place;
  const found: ContractFinding[] = [];
  if (built.kind !== live.kind) {
    const message = `for ${caller} it is a ${built.kind}, for ${callee} a ${live.kind}`;
    found.push(operationFinding(place, "kind", message));
  }
  const inputs = compareSchemas(built.input, live.input, {
    sides: { writer: caller, reader: callee },
  });
  found.push(...inputs.findings.map((finding) => at(place, "input", finding)));
  const answered = answers(live.output, built.output, place);
  return [
    ...found,
    ...answered.map((finding) => at(place, "output", finding)),
    ...compareErrors(built, live, place),
  ];
}

function compareErrors(
  built: OperationDescription,
  live: OperationDescription,
  place: OperationPlace,
): ContractFinding[] {
  const { caller, callee } = place;
  const found: ContractFinding[] = [];
  for (const [code, answered] of Object.entries(live.errors)) {
    const known = built.errors[code];
    if (known === undefined) {
      // It reaches callers as an error that no branch of theirs is for, as `internal` would.
      const message = `${callee} answers with an error that ${caller} does not know`;
      found.push(
        operationFinding(place, "error_new", message, {
          direction: "error",
          path: code,
          verdict: "compatible",
        }),
      );
    } else if (known.data !== undefined && answered.data === undefined) {
      const message = `${callee} sends no data with it, ${caller} needs some`;
      found.push(
        operationFinding(place, "error_data", message, { direction: "error", path: code }),
      );
    } else if (known.data !== undefined && answered.data !== undefined) {
      const data = answers(answered.data, known.data, place);
      found.push(
        ...data.map((finding) =>
          at(place, "error", { ...finding, path: below(code, finding.path) }),
        ),
      );
    }
  }
  return found;
}

/** Who calls does not validate what it is answered. */
function answers(
  sent: JsonSchema,
  taken: JsonSchema,
  { caller, callee }: OperationPlace,
): readonly SchemaFinding[] {
  const sides = { writer: callee, reader: caller };
  return compareSchemas(sent, taken, { undescribed: "passed over", sides }).findings;
}

function at(place: OperationPlace, direction: Direction, finding: SchemaFinding): ContractFinding {
  const { code, message, path, verdict } = finding;
  return operationFinding(place, code, message, { direction, path, verdict });
}

function below(code: string, path: string): string {
  return path === "" || path.startsWith("[") ? `${code}${path}` : `${code}.${path}`;
}
