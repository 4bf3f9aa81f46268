export { compareContracts, type ContractsToCompare } from "./contracts.ts";
export { compareHttp } from "./http.ts";
export type { CompareOptions, Undescribed } from "./comparison.ts";
export {
  type ContractFinding,
  type Direction,
  type FindingCode,
  findingText,
  type SchemaFinding,
  type Sides,
  type Verdict,
  verdictOf,
} from "./finding.ts";
export { compareSchemas, type SchemaComparison } from "./schemas.ts";
