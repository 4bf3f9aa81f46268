import { inboundPipeline, pipeline } from "@kerf/call";
import { tableOf } from "./table.ts";

/** The caller's half of the call path as a table: each position with its reason. */
export function callerTable(): string {
  return tableOf(
    ["", "position", "why it stands there"],
    pipeline.map(({ name, reason }, index) => [String(index + 1), name, reason]),
  );
}

/** The callee's half of the call path as a table: each position with its reason. */
export function calleeTable(): string {
  return tableOf(
    ["", "position", "why it stands there"],
    inboundPipeline.map(({ name, reason }, index) => [String(index + 1), name, reason]),
  );
}

/** The whole path in two lines. */
export function pathPicture(): string {
  const names = (positions: readonly { readonly name: string }[]): string =>
    positions.map(({ name }) => name).join(" → ");
  return [
    "```",
    `caller:  ${names(pipeline)} → transport`,
    `callee:  ${names(inboundPipeline)} → input through its schema → handler → output through its schema`,
    "```",
  ].join("\n");
}
