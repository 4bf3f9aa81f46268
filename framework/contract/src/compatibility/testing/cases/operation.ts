import { z } from "zod";
import { contract, type Contract } from "../../../contract.ts";
import { command, query, stream } from "../../../operation.ts";
import { between, type ContractCase, type Expected, no, yes } from "./contract-case.ts";
import { done, line, same } from "./values.ts";

function operation(
  before: Contract["operations"],
  after: Contract["operations"],
  ...expected: Expected
): ContractCase {
  const with_ = (operations: Contract["operations"]): Contract =>
    contract("stock", { version: "1.0.0", operations });
  return between("operation", with_(before), with_(after), expected);
}

/** What can be called, and how. */
export const operationCases: readonly ContractCase[] = [
  operation(
    { reserve: same },
    { reserve: same, release: same },
    "an operation is added",
    yes,
    no,
    "incompatible: orders calls stock.release: stock does not offer it",
  ),
  operation(
    { reserve: same },
    {},
    "an operation is dropped or renamed",
    no,
    yes,
    "incompatible: orders calls stock.reserve: stock does not offer it",
  ),
  operation(
    { reserve: same },
    { reserve: command({ input: done, output: done }) },
    "a query becomes a command",
    no,
    no,
    "incompatible: orders calls stock.reserve: for orders it is a query, for stock a command",
    "incompatible: orders calls stock.reserve: for orders it is a command, for stock a query",
  ),
  operation(
    { reserve: query({ input: done, output: done, access: "service" }) },
    { reserve: same },
    "a user is wanted where none was",
    no,
    yes,
    "incompatible: orders calls stock.reserve: orders calls it without a user as well, stock wants one",
  ),
  operation(
    { watch: stream({ input: done, output: line(z.int()), cursor: "quantity" }) },
    { watch: stream({ input: done, output: line(z.int()), cursor: "sku" }) },
    "a stream resumes from another field",
    no,
    no,
    "incompatible: orders calls stock.watch: orders resumes after quantity, stock after sku",
    "incompatible: orders calls stock.watch: orders resumes after sku, stock after quantity",
  ),
];
