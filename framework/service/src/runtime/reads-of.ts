import type { Reads } from "@kerf/data";
import type { CallContext } from "@kerf/kernel";
import type { BoundService } from "./bound-service.ts";

/** Statements that read, each for itself, within the life and below the span of `context`. */
export function readsOf({ database }: BoundService, context: CallContext): Reads {
  const trace = context.sampled ? context.trace : undefined;
  return database.reads({ deadline: context.deadline, trace, counted: true });
}
