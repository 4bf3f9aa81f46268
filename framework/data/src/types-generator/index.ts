// Boundary: from a migrated database to the types of its tables, for Kysely. A tool's entry (kerf db types, the check of CI);
// nothing that serves imports it.
export { checkTypes, type TypesCheck } from "./check.ts";
export { generateTypes, type GenerateTypesOptions } from "./generate.ts";
