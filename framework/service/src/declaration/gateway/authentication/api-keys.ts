import { headerNameProblems, textProblems, unknownFields } from "./fields.ts";

/** Where API keys are kept, and how clients bring them. */
export interface ApiKeysOptions {
  /** The file that `kerf keys` writes, as seen from the app's module. It holds hashes of keys, never a key. */
  readonly file: string;
  /** The header that brings the key. Default `x-api-key`; `authorization` takes it as a bearer token. */
  readonly header?: string;
  /** True: the file may come later; until then no key holds. Default false: a gateway does not start without it. */
  readonly optional?: boolean;
}

/** Long-lived keys of programs. */
export interface ApiKeysMethod extends ApiKeysOptions {
  readonly method: "apiKeys";
}

/** Programs by keys that `kerf keys create` made. */
export function apiKeys(options: ApiKeysOptions): ApiKeysMethod {
  return { method: "apiKeys", ...options };
}

/** What is wrong with it. */
export function apiKeysProblems(given: ApiKeysMethod): string[] {
  return [
    ...unknownFields(given, ["method", "file", "header", "optional"]),
    ...textProblems("file", given.file),
    ...(given.header === undefined ? [] : headerNameProblems("header", given.header)),
    ...(given.optional === undefined || typeof given.optional === "boolean"
      ? []
      : [`optional: ${JSON.stringify(given.optional)} is neither true nor false`]),
  ];
}
