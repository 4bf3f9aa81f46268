import { isEqual } from "./compatibility/document.ts";
import type { Contract } from "./contract.ts";
import { type HttpRoute, parseHttpRoute } from "./http-route.ts";
import type { Access, Criticality, OperationKind, QueryPolicies } from "./operation.ts";
import type { Objective } from "./objective.ts";
import { type JsonSchema, type Schema, toJsonSchema } from "./schema.ts";

/** A declared error as data. */
export interface ErrorDescription {
  status: number;
  message?: string;
  data?: JsonSchema;
}

/** An operation as data. */
export interface OperationDescription {
  kind: OperationKind;
  access: Access;
  http?: HttpRoute;
  /** What callers send. */
  input: JsonSchema;
  /** What callers get; for a stream, each item. */
  output: JsonSchema;
  errors: Record<string, ErrorDescription>;
  deadlineMs?: number;
  maxBodyBytes?: number;
  /** When it is not `normal`. */
  criticality?: Criticality;
  attempts?: number;
  /** When it says so. */
  objective?: Objective | false;
  /** Of a query that says something of it. */
  policies?: QueryPolicies;
  summary?: string;
  cursor?: string;
}

/** An event as data. */
export interface EventDescription {
  /** What is in the log. */
  schema: JsonSchema;
  /** What whoever follows it takes, where that is not the same: a schema that strips takes more than it gives. Null when its library cannot say it. */
  input?: JsonSchema | null;
  key: string;
  version: number;
  /** The versions that are read through an upcast. */
  upcasts?: number[];
}

/** A contract as JSON: what gateways route by, what compatibility is judged by, what is exported. */
export interface ContractDescription {
  name: string;
  version: string;
  operations: Record<string, OperationDescription>;
  events: Record<string, EventDescription>;
}

/** The contract as JSON. */
export function describeContract(contract: Contract): ContractDescription {
  const operations: Record<string, OperationDescription> = {};
  for (const [name, operation] of Object.entries(contract.operations)) {
    const errors: Record<string, ErrorDescription> = {};
    for (const [code, declared] of Object.entries(
      operation.errors as Record<string, { status: number; message?: string; data?: any }>,
    )) {
      errors[code] = {
        status: declared.status,
        ...(declared.message === undefined ? undefined : { message: declared.message }),
        ...(declared.data === undefined
          ? undefined
          : { data: toJsonSchema(declared.data, "output") ?? {} }),
      };
    }
    operations[name] = {
      kind: operation.kind,
      access: operation.access,
      ...(operation.http === undefined
        ? undefined
        : { http: parseHttpRoute(operation.http, () => {}) as HttpRoute }),
      input: toJsonSchema(operation.input, "input") ?? {},
      output: toJsonSchema(operation.output, "output") ?? {},
      errors,
      ...(operation.deadlineMs === undefined ? undefined : { deadlineMs: operation.deadlineMs }),
      ...(operation.maxBodyBytes === undefined
        ? undefined
        : { maxBodyBytes: operation.maxBodyBytes }),
      ...(operation.criticality === "normal" ? undefined : { criticality: operation.criticality }),
      ...(operation.attempts === undefined ? undefined : { attempts: operation.attempts }),
      ...(operation.objective === undefined ? undefined : { objective: operation.objective }),
      ...(Object.keys(operation.policies).length === 0
        ? undefined
        : { policies: operation.policies }),
      ...(operation.summary === undefined ? undefined : { summary: operation.summary }),
      ...(operation.cursor === undefined ? undefined : { cursor: operation.cursor }),
    };
  }
  const events: Record<string, EventDescription> = {};
  for (const [name, declared] of Object.entries(contract.events)) {
    const schema = toJsonSchema(declared.schema, "output") ?? {};
    const input = inputOf(declared.schema);
    const upcasts = Object.keys(declared.upcast).map(Number);
    events[name] = {
      schema,
      ...(isEqual(schema, input) ? undefined : { input }),
      key: declared.key,
      version: declared.version,
      ...(upcasts.length === 0 ? undefined : { upcasts }),
    };
  }
  return { name: contract.name, version: contract.version, operations, events };
}

/** An event's schema is checked for what it gives only; what it takes may be a value that is not JSON. */
function inputOf(schema: Schema): JsonSchema | null {
  try {
    return toJsonSchema(schema, "input") ?? {};
  } catch {
    return null;
  }
}
