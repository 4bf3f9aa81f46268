import { type Contract, contract } from "../../../contract.ts";
import { describeContract } from "../../../description.ts";
import { compareContracts } from "../../contracts.ts";
import type { ContractFinding, Verdict } from "../../finding.ts";

/** A change of a contract, and whom it breaks: a row of the page on compatibility, and a test. */
export interface ContractCase {
  readonly part: string;
  readonly change: string;
  /** The old consumer with the new provider: the provider was deployed first. */
  readonly oldConsumer: Verdict;
  /** The new consumer with the old provider: the consumer was deployed first, or the provider rolled back. */
  readonly newConsumer: Verdict;
  /** What is said where it is not compatible, or noted; the old consumer first. */
  readonly says: readonly string[];
  readonly findings: { readonly old: ContractFinding[]; readonly new: ContractFinding[] };
}

/** What is to come of a change, as cases are written down. */
export type Expected = readonly [change: string, old: Verdict, next: Verdict, ...says: string[]];

/** The verdicts, as short as rows of a table want them. */
export const yes = "compatible";
export const no = "incompatible";
export const unclear = "unknown";

/** The case of a consumer, `orders`, and a provider that are of either contract. */
export function between(
  part: string,
  before: Contract,
  after: Contract,
  expected: Expected,
): ContractCase {
  const [change, oldConsumer, newConsumer, ...says] = expected;
  const [old, next] = [describeContract(before), describeContract(after)];
  const findings = {
    old: compareContracts({ consumer: old, provider: next, consumerName: "orders" }),
    new: compareContracts({ consumer: next, provider: old, consumerName: "orders" }),
  };
  return { part, change, oldConsumer, newConsumer, says, findings };
}

/** A contract with one operation. */
export function shopWith(operation: Contract["operations"][string]): Contract {
  return contract("stock", { version: "1.0.0", operations: { reserve: operation } });
}
