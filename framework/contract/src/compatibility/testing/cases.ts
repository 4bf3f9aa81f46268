import { outputCases } from "./cases/answer.ts";
import { errorCases } from "./cases/declared-error.ts";
import { eventCases } from "./cases/event.ts";
import { inputCases } from "./cases/input.ts";
import { operationCases } from "./cases/operation.ts";
import { routeCases } from "./cases/route.ts";
import type { ContractCase } from "./cases/contract-case.ts";

/** Whom each change of a contract breaks. */
export const contractCases: readonly ContractCase[] = [
  ...inputCases,
  ...outputCases,
  ...errorCases,
  ...eventCases,
  ...operationCases,
  ...routeCases,
];
