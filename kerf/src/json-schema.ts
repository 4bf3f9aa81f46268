// Boundary: contracts whose schemas are JSON Schema instead of a schema library's. Loads Ajv, so it stands apart.
export { jsonSchema } from "@kerf/contract/json-schema";
