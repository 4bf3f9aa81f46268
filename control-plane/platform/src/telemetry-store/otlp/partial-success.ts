import { messageField, numberField, textField } from "@kerf/telemetry/protobuf";
import type { Encoding, Signal } from "./signal.ts";

const names: Readonly<Record<Signal, string>> = {
  traces: "rejectedSpans",
  logs: "rejectedLogRecords",
  metrics: "rejectedDataPoints",
};

/** An Export…ServiceResponse: empty when all was taken, else how much was not and why. */
export function partialSuccess(
  encoding: Encoding,
  signal: Signal,
  rejected: number,
  why: string,
): Buffer {
  if (encoding === "json") {
    if (rejected === 0) return Buffer.from("{}");
    const partial = { [names[signal]]: String(rejected), errorMessage: why };
    return Buffer.from(JSON.stringify({ partialSuccess: partial }));
  }
  if (rejected === 0) return Buffer.alloc(0);
  return messageField(1, numberField(1, rejected), textField(2, why));
}
