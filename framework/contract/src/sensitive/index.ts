export { sensitiveNames, sensitiveNamesIn } from "./contract-names.ts";
export { type SensitiveFields, sensitiveFields, sensitiveFieldsOf } from "./fields.ts";
export { sensitive, sensitiveKeyword } from "./mark.ts";
