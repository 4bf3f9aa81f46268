import { z } from "zod";
import type { Contract } from "../../../contract.ts";
import { error } from "../../../declared-error.ts";
import { type OperationOptions, query } from "../../../operation.ts";
import { between, type ContractCase, type Expected, no, shopWith, yes } from "./contract-case.ts";
import { done, sku } from "./values.ts";

function errors(
  before: OperationOptions["errors"],
  after: OperationOptions["errors"],
  ...expected: Expected
): ContractCase {
  const with_ = (declared: OperationOptions["errors"] = {}): Contract =>
    shopWith(query({ input: done, output: done, errors: declared }));
  return between("declared error", with_(before), with_(after), expected);
}

/** The errors that an operation declares. */
export const errorCases: readonly ContractCase[] = [
  errors(
    {},
    { gone: error() },
    "an error is added",
    yes,
    yes,
    "note: orders calls stock.reserve, error gone: stock answers with an error that orders does not know",
  ),
  errors(
    { gone: error() },
    {},
    "an error is dropped",
    yes,
    yes,
    "note: orders calls stock.reserve, error gone: stock answers with an error that orders does not know",
  ),
  errors(
    { gone: error({ data: z.object({ sku }) }) },
    { gone: error() },
    "an error loses its data",
    no,
    yes,
    "incompatible: orders calls stock.reserve, error gone: stock sends no data with it, orders needs some",
  ),
  errors(
    { gone: error({ data: z.object({ sku }) }) },
    { gone: error({ data: z.object({ skus: z.array(sku) }) }) },
    "the data of an error changes",
    no,
    no,
    "incompatible: orders calls stock.reserve, error gone.sku: stock does not send it, orders needs it",
    "incompatible: orders calls stock.reserve, error gone.skus: stock does not send it, orders needs it",
  ),
];
