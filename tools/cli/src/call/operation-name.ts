import type { ContractDescription, OperationDescription } from "@kerf/contract";
import { KerfError } from "@kerf/kernel";
import { nearest } from "./nearest.ts";

/** An operation that exists. */
export interface NamedOperation {
  readonly service: string;
  readonly operation: string;
  readonly description: OperationDescription;
}

/** Finds SERVICE.OPERATION among the contracts; throws `unknown_operation` with what was probably meant. */
export function findOperation(
  name: string,
  contracts: readonly ContractDescription[],
): NamedOperation {
  const [service = "", operation = "", ...rest] = name.split(".");
  if (operation === "" || rest.length > 0) {
    throw new KerfError("usage", {
      message: `${JSON.stringify(name)} names no operation.`,
      fix: `Write SERVICE.OPERATION, such as ${exampleName(contracts)}.`,
    });
  }
  const contract = contracts.find((candidate) => candidate.name === service);
  if (contract === undefined) {
    const names = contracts.map((candidate) => candidate.name);
    throw unknown(
      `There is no service ${JSON.stringify(service)}.`,
      nearest(service, names),
      "services",
      names,
    );
  }
  const description = contract.operations[operation];
  if (description === undefined) {
    const own = Object.keys(contract.operations);
    const meant = nearest(operation, own).map((near) => `${service}.${near}`);
    throw unknown(
      `${service} has no operation ${JSON.stringify(operation)}.`,
      meant,
      "operations",
      own,
    );
  }
  return { service, operation, description };
}

function unknown(
  message: string,
  meant: readonly string[],
  kind: string,
  all: readonly string[],
): KerfError {
  return new KerfError("unknown_operation", {
    message,
    fix:
      meant.length > 0
        ? `Did you mean ${meant.join(" or ")}?`
        : `The ${kind} are: ${[...all].sort().join(", ") || "none"}.`,
    data: { meant, [kind]: all },
  });
}

function exampleName(contracts: readonly ContractDescription[]): string {
  const [first] = contracts;
  return first === undefined ? "orders.get" : `${first.name}.${Object.keys(first.operations)[0]}`;
}
