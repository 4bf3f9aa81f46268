import type { Schema } from "./schema.ts";

/** A fact that a service publishes: data only. */
export interface EventDeclaration<S extends Schema = Schema> {
  readonly type: "event";
  readonly schema: S;
  /** The field that orders: events with the same key arrive in the order they were committed. */
  readonly key: string;
  /** Version of the schema, a whole number from 1. */
  readonly version: number;
}

/** Declares an event. */
export function event<const S extends Schema>(options: {
  schema: S;
  key: string;
  version?: number;
}): EventDeclaration<S> {
  return { type: "event", schema: options.schema, key: options.key, version: options.version ?? 1 };
}
