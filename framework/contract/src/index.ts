// What services promise each other, as data: operations, events, declared errors, schemas, versions. Imports no
// implementation and nothing of Node, so that browsers and other repositories can depend on it alone.
export {
  type Call,
  type CallOptions,
  type Client,
  type ClientOperation,
  safe,
  type SafeResult,
  type StreamCall,
} from "./client.ts";
export {
  compareContracts,
  compareHttp,
  type CompareOptions,
  compareSchemas,
  type ContractFinding,
  type ContractsToCompare,
  type Direction,
  type FindingCode,
  findingText,
  type SchemaComparison,
  type SchemaFinding,
  type Sides,
  type Undescribed,
  type Verdict,
  verdictOf,
} from "./compatibility/index.ts";
export { type Contract, contract, type Events, type Operations } from "./contract.ts";
export {
  error,
  type ErrorConstructors,
  errorConstructors,
  type ErrorDeclaration,
  type ErrorDeclarations,
  type ErrorOptions,
  type ErrorsOf,
} from "./declared-error.ts";
export {
  type ContractDescription,
  describeContract,
  type ErrorDescription,
  type EventDescription,
  type OperationDescription,
} from "./description.ts";
export { event, type EventDeclaration, upcast, type Upcast } from "./event.ts";
export {
  type HttpMethod,
  type HttpRoute,
  type HttpRouteOptions,
  parseHttpRoute,
  pathParameters,
} from "./http-route.ts";
export { type Objective, objectiveProblems, objectiveShares } from "./objective.ts";
export {
  type Access,
  type Criticality,
  command,
  type Operation,
  type OperationKind,
  type OperationOptions,
  query,
  type QueryCache,
  type QueryPolicies,
  stream,
} from "./operation.ts";
export { only, type Only } from "./only.ts";
export { type Fallbacks, optional, type Optional } from "./optional.ts";
export {
  type InputOf,
  isSchema,
  type JsonSchema,
  type OutputOf,
  type Schema,
  schemaFrom,
  type SchemaSide,
  toJsonSchema,
} from "./schema.ts";
export {
  sensitive,
  type SensitiveFields,
  sensitiveFields,
  sensitiveKeyword,
  sensitiveNames,
  sensitiveNamesIn,
} from "./sensitive/index.ts";
export { type FieldProblem, validate, validationError } from "./validate.ts";
