import { z } from "zod";
import { contract, type Contract } from "../../../contract.ts";
import { describeContract } from "../../../description.ts";
import { command, query } from "../../../operation.ts";
import type { Verdict } from "../../finding.ts";
import { compareHttp } from "../../http.ts";
import { type ContractCase, no, yes } from "./contract-case.ts";
import { done, same } from "./values.ts";

const byId = (path: string, status = 200): Contract["operations"][string] => {
  const name = /\{(\w+)\}/.exec(path)?.[1] ?? "id";
  return query({
    http: { route: path, status },
    input: z.object({ [name]: z.string() }),
    output: done,
  });
};

/** For clients outside there is one direction only: they were written for what was there. */
function http(
  before: Contract["operations"],
  after: Contract["operations"],
  ...[change, oldConsumer, ...says]: readonly [string, Verdict, ...string[]]
): ContractCase {
  const described = (operations: Contract["operations"]) =>
    describeContract(contract("stock", { version: "1.0.0", operations }));
  const old = compareHttp(described(before), described(after));
  return {
    part: "route",
    change,
    oldConsumer,
    newConsumer: yes,
    says,
    findings: { old, new: [] },
  };
}

/** What clients outside see. */
export const routeCases: readonly ContractCase[] = [
  http(
    { get: byId("GET /stock/{id}") },
    { find: byId("GET /stock/{sku}") },
    "the operation or a path parameter is renamed",
    yes,
  ),
  http(
    { get: byId("GET /stock/{id}") },
    { get: byId("GET /items/{id}") },
    "the path changes",
    no,
    "incompatible: stock.get: stock has no route GET /stock/{id}",
  ),
  http(
    { get: byId("GET /stock/{id}") },
    { get: byId("GET /stock/{id}", 203) },
    "the status changes",
    no,
    "incompatible: stock.get: a client expects status 200, stock answers 203",
  ),
  http(
    { get: byId("GET /stock/{id}") },
    { get: same },
    "the route is dropped",
    no,
    "incompatible: stock.get: stock has no route GET /stock/{id}",
  ),
  http(
    { add: command({ http: "POST /stock", input: done, output: done }) },
    { add: command({ http: "POST /stock", input: done, output: done, maxBodyBytes: 1_000 }) },
    "a body may be less long",
    no,
    "incompatible: stock.add: a client sends up to 1048576 bytes, stock takes at most 1000",
  ),
];
