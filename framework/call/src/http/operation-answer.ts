import { RawJson } from "../json/raw-json.ts";
import type { Answer } from "./answer.ts";
import type { Route } from "./route-table.ts";

/** What an operation answered, as HTTP has it. */
export function operationAnswer({ status }: Route, value: unknown): Answer {
  if (status === 204 || value === undefined)
    return { status: value === undefined && status === 200 ? 204 : status, headers: {} };
  return {
    status,
    headers: { "content-type": "application/json; charset=utf-8" },
    body: value instanceof RawJson ? value.bytes : JSON.stringify(value),
  };
}
