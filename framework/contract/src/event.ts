import type { Schema } from "./schema.ts";

/** Makes a payload of one version into the next one's. */
export type Upcast = (payload: any) => unknown;

/** A fact that a service publishes: data only. */
export interface EventDeclaration<S extends Schema = Schema> {
  readonly type: "event";
  readonly schema: S;
  /** The field that orders: events with the same key arrive in the order they were committed. */
  readonly key: string;
  /** Version of the schema, a whole number from 1; it lies beside every event in the log. */
  readonly version: number;
  /** How what was written by older versions is read: from version `n` to `n + 1`. */
  readonly upcast: Readonly<Record<number, Upcast>>;
}

/**
 * Declares an event. `upcast: { 1: (payload) => … }` makes payloads of version 1 into ones of version 2, and so on; versions without
 * one are read as they are.
 */
export function event<const S extends Schema>(options: {
  schema: S;
  key: string;
  version?: number;
  upcast?: Readonly<Record<number, Upcast>>;
}): EventDeclaration<S> {
  const { schema, key, version = 1, upcast = {} } = options;
  return { type: "event", schema, key, version, upcast };
}

/** A payload that was written by `version`, as the declared version has it; one of a later version as it is. */
export function upcast(declared: EventDeclaration, version: number, payload: unknown): unknown {
  let current = payload;
  for (let from = version; from < declared.version; from += 1) {
    const next = declared.upcast[from];
    if (next !== undefined) current = next(current);
  }
  return current;
}
