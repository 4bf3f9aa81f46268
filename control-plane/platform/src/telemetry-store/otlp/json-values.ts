import type { Attributes, ReceivedResource, Value } from "./received.ts";
import { malformed } from "./wire-reader.ts";

// What all signals have in common in JSON. Everything here throws `invalid_input` for what is something else.

/** An object of JSON. */
export type Json = Readonly<Record<string, unknown>>;

/** Deepest nesting of values that is read. */
const maxDepth = 16;

/** Each record of an Export…ServiceRequest. */
export function* recordsOf(
  body: Buffer,
  resources: string,
  scopes: string,
  records: string,
): Generator<[ReceivedResource, Json]> {
  let document: unknown;
  try {
    document = JSON.parse(body.toString());
  } catch (error) {
    throw malformed(`it is no JSON: ${(error as Error).message}`);
  }
  for (const group of listIn(asObject(document), resources)) {
    const resource = {
      attributes: attributesOf(asObject(group["resource"] ?? {})["attributes"]) ?? {},
    };
    for (const scope of listIn(group, scopes))
      for (const record of listIn(scope, records)) yield [resource, record];
  }
}

/** A list of `KeyValue`; undefined for none. */
export function attributesOf(list: unknown, depth = 0): Attributes | undefined {
  if (list === undefined) return undefined;
  if (!Array.isArray(list)) throw malformed("attributes are no list");
  if (list.length === 0) return undefined;
  const attributes: Record<string, Value> = {};
  for (const one of list) {
    const { key, value } = asObject(one);
    // Names come from outside: none of them may reach a prototype.
    if (key === "__proto__") continue;
    attributes[textOf(key)] = value === undefined ? null : valueOf(asObject(value), depth);
  }
  return attributes;
}

/** One `AnyValue`. */
export function valueOf(value: Json, depth: number): Value {
  if (depth > maxDepth) throw malformed(`values are nested deeper than ${maxDepth}`);
  const { stringValue, boolValue, intValue, doubleValue, arrayValue, kvlistValue, bytesValue } =
    value;
  if (stringValue !== undefined) return textOf(stringValue);
  if (boolValue !== undefined) return boolValue === true;
  if (intValue !== undefined) {
    const number = Number(intValue);
    return Number.isSafeInteger(number) ? number : textOf(intValue);
  }
  if (doubleValue !== undefined) return Number(doubleValue);
  if (bytesValue !== undefined) return textOf(bytesValue);
  if (arrayValue !== undefined)
    return listIn(asObject(arrayValue), "values").map((one) => valueOf(one, depth + 1));
  if (kvlistValue !== undefined)
    return attributesOf(asObject(kvlistValue)["values"], depth + 1) ?? {};
  return null;
}

/** An id in hex. */
export function idOf(value: unknown): Buffer {
  if (value === undefined) return Buffer.alloc(0);
  return Buffer.from(textOf(value), "hex");
}

/** Nanoseconds, mostly as text: 19 digits, of which the last three are left out. */
export function microsOf(value: unknown): number {
  if (value === undefined) return 0;
  if (typeof value === "number") return Math.floor(value / 1_000);
  const text = textOf(value);
  if (!/^\d{1,20}$/.test(text)) throw malformed(`${JSON.stringify(text)} is no time`);
  return Number(text.slice(0, -3) || "0");
}

/** A number, which may be written as a text. */
export function numberOf(value: unknown): number {
  const number = Number(value);
  if (!Number.isFinite(number)) throw malformed(`${JSON.stringify(value)} is no number`);
  return number;
}

/** A text. */
export function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  throw malformed(`${String(JSON.stringify(value))} is no text`);
}

/** A list of objects; empty when it is not there. */
export function listIn(object: Json, name: string): Json[] {
  const list = object[name];
  if (list === undefined || list === null) return [];
  if (!Array.isArray(list)) throw malformed(`${name} is no list`);
  return list.map(asObject);
}

/** An object. */
export function asObject(value: unknown): Json {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Json;
  throw malformed(`${String(JSON.stringify(value))?.slice(0, 80)} is no object`);
}
