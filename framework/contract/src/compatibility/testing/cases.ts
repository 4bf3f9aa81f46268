import { z } from "zod";
import { type Contract, contract } from "../../contract.ts";
import { error } from "../../declared-error.ts";
import { describeContract } from "../../description.ts";
import { event } from "../../event.ts";
import { jsonSchema } from "../../json-schema.ts";
import { command, type OperationOptions, query, stream } from "../../operation.ts";
import type { Schema } from "../../schema.ts";
import { compareContracts } from "../contracts.ts";
import type { ContractFinding, Verdict } from "../finding.ts";
import { compareHttp } from "../http.ts";

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

type Expected = readonly [change: string, old: Verdict, next: Verdict, ...says: string[]];

const yes = "compatible";
const no = "incompatible";
const unclear = "unknown";

function between(
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

function shopWith(operation: Contract["operations"][string]): Contract {
  return contract("stock", { version: "1.0.0", operations: { reserve: operation } });
}

const done = z.object({});

function input(before: Schema, after: Schema, ...expected: Expected): ContractCase {
  const with_ = (schema: Schema): Contract => shopWith(command({ input: schema, output: done }));
  return between("input", with_(before), with_(after), expected);
}

function output(before: Schema, after: Schema, ...expected: Expected): ContractCase {
  const with_ = (schema: Schema): Contract => shopWith(query({ input: done, output: schema }));
  return between("answer", with_(before), with_(after), expected);
}

function errors(
  before: OperationOptions["errors"],
  after: OperationOptions["errors"],
  ...expected: Expected
): ContractCase {
  const with_ = (declared: OperationOptions["errors"] = {}): Contract =>
    shopWith(query({ input: done, output: done, errors: declared }));
  return between("declared error", with_(before), with_(after), expected);
}

function events(
  before: Contract["events"][string] | undefined,
  after: Contract["events"][string] | undefined,
  ...expected: Expected
): ContractCase {
  const with_ = (declared: Contract["events"][string] | undefined): Contract =>
    contract("stock", {
      version: "1.0.0",
      operations: {},
      events: (declared === undefined ? {} : { moved: declared }) as Contract["events"],
    });
  return between("event", with_(before), with_(after), expected);
}

function operation(
  before: Contract["operations"],
  after: Contract["operations"],
  ...expected: Expected
): ContractCase {
  const with_ = (operations: Contract["operations"]): Contract =>
    contract("stock", { version: "1.0.0", operations });
  return between("operation", with_(before), with_(after), expected);
}

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

const sku = z.string();
const line = <Quantity extends z.ZodType>(quantity: Quantity) => z.object({ sku, quantity });
const moved = z.object({ sku, at: z.string() });
const timed = z.object({
  sku,
  at: z.coerce
    .date()
    .transform((at) => at.toISOString())
    .pipe(z.string()),
});
const same = query({ input: done, output: done });
const byId = (path: string, status = 200): Contract["operations"][string] => {
  const name = /\{(\w+)\}/.exec(path)?.[1] ?? "id";
  return query({
    http: { route: path, status },
    input: z.object({ [name]: z.string() }),
    output: done,
  });
};
const card = z.object({ method: z.literal("card"), token: z.string() });
const invoice = z.object({ method: z.literal("invoice"), days: z.int() });
const cash = z.object({ method: z.literal("cash") });

/** Whom each change of a contract breaks. */
export const contractCases: readonly ContractCase[] = [
  input(
    z.object({ sku }),
    z.object({ sku, note: z.string().optional() }),
    "an optional field is added",
    yes,
    yes,
    "note: orders calls stock.reserve, input note: orders sends it, stock does not read it",
  ),
  input(
    z.object({ sku }),
    z.object({ sku, note: z.string().default("") }),
    "a field with a default is added",
    yes,
    yes,
    "note: orders calls stock.reserve, input note: orders sends it, stock does not read it",
  ),
  input(
    z.object({ sku }),
    z.object({ sku, note: z.string() }),
    "a required field is added",
    no,
    yes,
    "incompatible: orders calls stock.reserve, input note: orders does not send it, stock needs it",
    "note: orders calls stock.reserve, input note: orders sends it, stock does not read it",
  ),
  input(
    z.object({ sku, note: z.string() }),
    z.object({ sku }),
    "a field is dropped",
    yes,
    no,
    "note: orders calls stock.reserve, input note: orders sends it, stock does not read it",
    "incompatible: orders calls stock.reserve, input note: orders does not send it, stock needs it",
  ),
  input(
    z.object({ sku, note: z.string() }),
    z.strictObject({ sku }),
    "a field is dropped, further ones are refused (`strictObject`)",
    no,
    no,
    "incompatible: orders calls stock.reserve, input note: orders sends it, stock refuses it",
    "incompatible: orders calls stock.reserve, input note: orders does not send it, stock needs it",
  ),
  input(
    z.object({ sku, note: z.string() }),
    z.object({ sku, note: z.string().optional() }),
    "a required field becomes optional",
    yes,
    no,
    "incompatible: orders calls stock.reserve, input note: orders may leave it out, stock needs it",
  ),
  input(
    line(z.int()),
    line(z.string()),
    "the type of a field changes",
    no,
    no,
    "incompatible: orders calls stock.reserve, input quantity: orders sends integer, stock takes string",
    "incompatible: orders calls stock.reserve, input quantity: orders sends string, stock takes integer",
  ),
  input(
    line(z.int()),
    line(z.number()),
    "a field takes fractions as well",
    yes,
    no,
    "incompatible: orders calls stock.reserve, input quantity: orders sends number, stock takes integer",
  ),
  input(
    line(z.int().max(20)),
    line(z.int().max(10)),
    "a limit gets tighter",
    no,
    yes,
    "incompatible: orders calls stock.reserve, input quantity: orders sends numbers up to 20, stock takes at most 10",
  ),
  input(
    z.object({ lines: z.array(line(z.int())).max(50) }),
    z.object({ lines: z.array(line(z.int())).max(20) }),
    "fewer items are taken",
    no,
    yes,
    "incompatible: orders calls stock.reserve, input lines: orders sends up to 50 items, stock takes at most 20",
  ),
  input(
    z.object({ sku }),
    z.object({ sku: z.string().max(64) }),
    "text gets a longest length",
    no,
    yes,
    "incompatible: orders calls stock.reserve, input sku: orders sends any number of characters, stock takes at most 64",
  ),
  input(
    z.object({ sku }),
    z.object({ sku: z.string().regex(/^[A-Z]+$/) }),
    "text gets a pattern",
    no,
    yes,
    'incompatible: orders calls stock.reserve, input sku: orders sends any string, stock takes only what fits "^[A-Z]+$"',
  ),
  input(
    z.object({ sku: z.string().regex(/^[A-Z]+$/) }),
    z.object({ sku: z.string().regex(/^[A-Z]{2,}$/) }),
    "a pattern changes",
    unclear,
    unclear,
    'unknown: orders calls stock.reserve, input sku: whether what orders sends fits "^[A-Z]{2,}$", which stock wants, is not known',
    'unknown: orders calls stock.reserve, input sku: whether what orders sends fits "^[A-Z]+$", which stock wants, is not known',
  ),
  input(
    z.object({ size: z.enum(["s", "m"]) }),
    z.object({ size: z.enum(["s", "m", "l"]) }),
    "a value is added to an enumeration",
    yes,
    no,
    'incompatible: orders calls stock.reserve, input size: orders sends "l", stock takes only "s" or "m"',
  ),
  input(
    z.object({ pay: z.discriminatedUnion("method", [card, invoice]) }),
    z.object({ pay: z.discriminatedUnion("method", [card, invoice, cash]) }),
    "an alternative is added",
    yes,
    no,
    'incompatible: orders calls stock.reserve, input pay: orders sends an object with method "cash", which is none of the alternatives of stock',
  ),
  input(
    z.object({ note: z.string().nullable() }),
    z.object({ note: z.string() }),
    "`null` is no longer taken",
    no,
    yes,
    "incompatible: orders calls stock.reserve, input note: orders sends null, stock takes string",
  ),
  input(
    jsonSchema({ type: "object", properties: { a: { type: "string" } } }),
    jsonSchema({
      type: "object",
      properties: { a: { type: "string" } },
      patternProperties: { "^x": { type: "string" } },
    }),
    "a keyword comes that is not understood",
    unclear,
    unclear,
    "unknown: orders calls stock.reserve, input: the keyword patternProperties, which stock's schema has here, cannot be compared",
    "unknown: orders calls stock.reserve, input: the keyword patternProperties, which orders's schema has here, cannot be compared",
  ),
  output(
    z.object({ sku }),
    z.object({ sku, name: z.string() }),
    "a field is added",
    yes,
    no,
    "incompatible: orders calls stock.reserve, output name: stock does not send it, orders needs it",
  ),
  output(
    z.object({ sku, name: z.string() }),
    z.object({ sku, name: z.string().optional() }),
    "a field may be left out",
    no,
    yes,
    "incompatible: orders calls stock.reserve, output name: stock may leave it out, orders needs it",
  ),
  output(
    z.object({ sku, name: z.string() }),
    z.object({ sku }),
    "a field is dropped",
    no,
    yes,
    "incompatible: orders calls stock.reserve, output name: stock does not send it, orders needs it",
  ),
  output(
    line(z.int()),
    line(z.number()),
    "a field may be a fraction",
    no,
    yes,
    "incompatible: orders calls stock.reserve, output quantity: stock sends number, orders takes integer",
  ),
  output(
    line(z.int()),
    line(z.string()),
    "the type of a field changes",
    no,
    no,
    "incompatible: orders calls stock.reserve, output quantity: stock sends string, orders takes integer",
    "incompatible: orders calls stock.reserve, output quantity: stock sends integer, orders takes string",
  ),
  output(
    line(z.int().max(10)),
    line(z.int().max(20)),
    "a limit gets wider",
    no,
    yes,
    "incompatible: orders calls stock.reserve, output quantity: stock sends numbers up to 20, orders takes at most 10",
  ),
  output(
    z.object({ size: z.enum(["s", "m"]) }),
    z.object({ size: z.enum(["s", "m", "l"]) }),
    "a value is added to an enumeration",
    no,
    yes,
    'incompatible: orders calls stock.reserve, output size: stock sends "l", orders takes only "s" or "m"',
  ),
  output(
    z.object({ paid: z.discriminatedUnion("method", [card, invoice]) }),
    z.object({ paid: z.discriminatedUnion("method", [card, invoice, cash]) }),
    "an alternative is added",
    no,
    yes,
    'incompatible: orders calls stock.reserve, output paid: stock sends an object with method "cash", which is none of the alternatives of orders',
  ),
  output(
    z.object({ name: z.string() }),
    z.object({ name: z.string().nullable() }),
    "a field may be `null`",
    no,
    yes,
    "incompatible: orders calls stock.reserve, output name: stock sends null, orders takes string",
  ),
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
  events(
    event({ schema: moved, key: "sku" }),
    event({ schema: moved.extend({ to: z.string() }), key: "sku" }),
    "a field is added",
    yes,
    no,
    "incompatible: orders follows stock.moved, to: stock does not send it, orders needs it",
  ),
  events(
    event({ schema: z.strictObject(moved.shape), key: "sku" }),
    event({ schema: z.strictObject({ ...moved.shape, to: z.string() }), key: "sku" }),
    "a field is added, further ones are refused (`strictObject`)",
    no,
    no,
    "incompatible: orders follows stock.moved, to: stock sends it, orders refuses it",
    "incompatible: orders follows stock.moved, to: stock does not send it, orders needs it",
  ),
  events(
    event({ schema: moved, key: "sku" }),
    event({ schema: z.object({ sku }), key: "sku" }),
    "a field is dropped",
    no,
    yes,
    "incompatible: orders follows stock.moved, at: stock does not send it, orders needs it",
  ),
  events(
    event({ schema: moved, key: "sku" }),
    event({ schema: moved, key: "at" }),
    "its key changes",
    no,
    no,
    "incompatible: orders follows stock.moved: stock orders it by at, orders expects the order of sku",
    "incompatible: orders follows stock.moved: stock orders it by sku, orders expects the order of at",
  ),
  events(
    event({ schema: moved, key: "sku" }),
    event({
      schema: moved.extend({ to: z.string() }),
      key: "sku",
      version: 2,
      upcast: { 1: (old) => ({ ...old, to: "" }) },
    }),
    "a field is added in version 2, with an upcast",
    yes,
    unclear,
    "unknown: orders follows stock.moved: stock writes version 1, which orders makes into version 2 by an upcast; what code does cannot be compared",
  ),
  events(
    event({ schema: moved, key: "sku" }),
    event({ schema: timed, key: "sku" }),
    "a field is read by code (`z.coerce.date()`)",
    yes,
    unclear,
    "unknown: orders follows stock.moved: what orders takes is made by code, which cannot be compared",
  ),
  events(
    event({ schema: moved, key: "sku" }),
    undefined,
    "an event is dropped",
    no,
    yes,
    "incompatible: orders follows stock.moved: stock does not publish it",
  ),
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
