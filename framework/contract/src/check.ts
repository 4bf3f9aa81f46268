import type { Contract } from "./contract.ts";
import type { EventDeclaration } from "./event.ts";
import { objectiveProblems } from "./objective.ts";
import { parseHttpRoute, pathParameters } from "./http-route.ts";
import type { Operation } from "./operation.ts";
import { isSchema, type JsonSchema, type Schema, type SchemaSide, toJsonSchema } from "./schema.ts";
import { sensitiveFieldsOf } from "./sensitive/fields.ts";

const namePattern = /^[a-z][a-z0-9-]{0,39}$/;
const memberPattern = /^[a-z][A-Za-z0-9]{0,63}$/;
// The pattern that semver.org publishes, without build metadata, which has no meaning for a contract.
const semverPattern =
  /^(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$/;
const kinds: readonly string[] = ["query", "command", "stream"];
const criticalities: readonly string[] = ["critical", "normal", "sheddable"];
const accesses: readonly string[] = ["public", "user", "service"];

/** Everything that is wrong with a contract, each as one line that names the place. */
export function contractProblems(contract: Contract): string[] {
  const problems: string[] = [];
  if (!namePattern.test(contract.name)) {
    problems.push(
      `name ${JSON.stringify(contract.name)} must be lower-case letters, digits and "-", start with a letter, at most 40 long`,
    );
  }
  if (typeof contract.version !== "string" || !semverPattern.test(contract.version)) {
    problems.push(
      `version ${JSON.stringify(contract.version)} must be a semantic version such as "1.0.0"`,
    );
  }
  const routes = new Map<string, string>();
  for (const [name, operation] of Object.entries(contract.operations)) {
    const problem = (text: string): void => void problems.push(`operations.${name}: ${text}`);
    if (!memberPattern.test(name))
      problem("the name must be camelCase letters and digits, at most 64");
    checkOperation(operation, routes, name, problem);
  }
  for (const [name, declared] of Object.entries(contract.events)) {
    const problem = (text: string): void => void problems.push(`events.${name}: ${text}`);
    if (!memberPattern.test(name))
      problem("the name must be camelCase letters and digits, at most 64");
    checkEvent(declared, problem);
  }
  return problems;
}

function checkOperation(
  operation: Operation,
  routes: Map<string, string>,
  name: string,
  problem: (text: string) => void,
): void {
  if (typeof operation !== "object" || operation === null || !kinds.includes(operation.kind)) {
    problem("must be made by query(), command() or stream()");
    return;
  }
  const input = checkSchema(operation.input, "input", "input", problem);
  const output = checkSchema(operation.output, "output", "output", problem);
  for (const [code, declaration] of Object.entries(operation.errors)) {
    if (declaration?.type !== "error") {
      problem(`errors.${code} must be made by error()`);
      continue;
    }
    if (!memberPattern.test(code))
      problem(`errors.${code}: the code must be camelCase letters and digits`);
    if (
      !Number.isInteger(declaration.status) ||
      declaration.status < 400 ||
      declaration.status > 499
    ) {
      problem(`errors.${code}: status ${String(declaration.status)} must be from 400 to 499`);
    }
    if (declaration.data !== undefined)
      checkSchema(declaration.data as Schema, `errors.${code}: data`, "output", problem);
  }
  if (!accesses.includes(operation.access))
    problem(`access ${JSON.stringify(operation.access)} must be one of ${accesses.join(", ")}`);
  checkBound(operation.deadlineMs, "deadlineMs", 3_600_000, problem);
  checkBound(operation.maxBodyBytes, "maxBodyBytes", 1_073_741_824, problem);
  checkBound(operation.attempts, "attempts", 5, problem);
  if (operation.objective !== undefined)
    for (const each of objectiveProblems("objective", operation.objective)) problem(each);
  if (operation.kind === "stream" && operation.objective && operation.objective.within)
    problem("objective.within: a stream is answered item by item; it has no time of its own");
  checkBound(operation.policies.cache?.ttlMs, "cache.ttlMs", 86_400_000, problem);
  if (!criticalities.includes(operation.criticality))
    problem(
      `criticality ${JSON.stringify(operation.criticality)} must be one of ${criticalities.join(", ")}`,
    );
  const keptFor = operation.policies.cache?.for;
  if (operation.policies.cache !== undefined && keptFor !== "everyone" && keptFor !== "principal")
    problem(`cache.for ${JSON.stringify(keptFor)} must be "everyone" or "principal"`);
  if (operation.kind !== "query" && Object.keys(operation.policies).length > 0)
    problem(`${Object.keys(operation.policies).join(", ")}: only a query changes nothing`);
  if (
    operation.cursor !== undefined &&
    output !== undefined &&
    !hasProperty(output, operation.cursor)
  ) {
    problem(`cursor ${JSON.stringify(operation.cursor)} is no field of the output`);
  }
  if (operation.http === undefined) return;
  if (operation.access === "service")
    problem(`http needs access "public" or "user"; "service" is never exposed`);
  const route = parseHttpRoute(operation.http, problem);
  if (route === undefined) return;
  if (operation.kind === "command" && route.method === "GET")
    problem("a command changes things, so its http method cannot be GET");
  if (operation.kind === "stream" && route.method !== "GET") problem("a stream is read with GET");
  const key = `${route.method} ${route.path.replaceAll(/\{[^}]+\}/g, "{}")}`;
  const other = routes.get(key);
  if (other !== undefined)
    problem(`http ${route.method} ${route.path} is taken by operations.${other} already`);
  else routes.set(key, name);
  const parameters = pathParameters(route.path);
  if (new Set(parameters).size !== parameters.length)
    problem(`http path ${route.path} names a parameter twice`);
  for (const parameter of parameters) {
    if (input !== undefined && !hasProperty(input, parameter))
      problem(`http path parameter {${parameter}} is no field of the input`);
  }
}

function checkEvent(declared: EventDeclaration, problem: (text: string) => void): void {
  if (declared?.type !== "event") {
    problem("must be made by event()");
    return;
  }
  const schema = checkSchema(declared.schema, "schema", "output", problem);
  if (typeof declared.key !== "string" || declared.key === "")
    problem("key must name the field that orders");
  else if (schema !== undefined && !hasProperty(schema, declared.key))
    problem(`key ${JSON.stringify(declared.key)} is no field of the schema`);
  else if (schema !== undefined && sensitiveFieldsOf(schema)?.covers([declared.key]) === true)
    problem(
      `key ${JSON.stringify(declared.key)} is sensitive; keys stand in logs, so let another field order`,
    );
  if (!Number.isInteger(declared.version) || declared.version < 1)
    problem(`version ${String(declared.version)} must be a whole number from 1`);
  for (const [from, upcast] of Object.entries(declared.upcast)) {
    const isEarlier = /^[1-9]\d*$/.test(from) && Number(from) < declared.version;
    if (!isEarlier || typeof upcast !== "function")
      problem(`upcast.${from} must be a function from a version before ${declared.version}`);
  }
}

function checkSchema(
  schema: Schema,
  where: string,
  side: SchemaSide,
  problem: (text: string) => void,
): JsonSchema | undefined {
  if (!isSchema(schema)) {
    problem(`${where} must be a Standard Schema (zod, valibot, arktype …) or jsonSchema(…)`);
    return undefined;
  }
  try {
    const json = toJsonSchema(schema, side);
    if (json === undefined)
      problem(
        `${where}: this schema library cannot say its JSON Schema; use one that implements Standard JSON Schema`,
      );
    return json;
  } catch (cause) {
    problem(`${where} is not JSON: ${cause instanceof Error ? cause.message : String(cause)}`);
    return undefined;
  }
}

function checkBound(
  value: number | undefined,
  where: string,
  most: number,
  problem: (text: string) => void,
): void {
  if (value === undefined) return;
  if (!Number.isInteger(value) || value < 1 || value > most)
    problem(`${where} ${String(value)} must be a whole number from 1 to ${most}`);
}

/** Whether an object schema may have the property; schemas that are no plain object get the benefit of the doubt. */
function hasProperty(schema: JsonSchema, name: string): boolean {
  const properties = schema["properties"];
  if (typeof properties !== "object" || properties === null)
    return schema["type"] !== "object" || schema["additionalProperties"] !== false;
  return name in properties;
}
