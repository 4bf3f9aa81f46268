import type { Attributes, Value } from "./received.ts";
import { malformed, type WireReader } from "./wire-reader.ts";

/** Deepest nesting of values that is read; what a backend shows is hardly ever deeper than two. */
const maxDepth = 16;

/** One `KeyValue`, added to `into`. A name that stands twice counts as it stands last. */
export function readAttribute(reader: WireReader, into: Record<string, Value>, depth = 0): void {
  let key = "";
  let value: Value = null;
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) key = reader.text();
    else if (field === 2) value = readValue(reader.message(), depth);
    else reader.skip();
  }
  // Names come from outside: none of them may reach a prototype.
  if (key === "__proto__") return;
  into[key] = value;
}

/** One `AnyValue`. */
export function readValue(reader: WireReader, depth = 0): Value {
  if (depth > maxDepth) throw malformed(`values are nested deeper than ${maxDepth}`);
  let value: Value = null;
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) value = reader.text();
    else if (field === 2) value = reader.varint() !== 0;
    else if (field === 3) value = reader.int64();
    else if (field === 4) value = reader.double();
    else if (field === 5) value = readList(reader.message(), depth + 1);
    else if (field === 6) value = readAttributes(reader.message(), 1, depth + 1);
    else if (field === 7) value = reader.bytes().toString("base64");
    else reader.skip();
  }
  return value;
}

/** Every field `number` of a message as an attribute. */
export function readAttributes(reader: WireReader, number: number, depth = 0): Attributes {
  const attributes: Record<string, Value> = {};
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === number) readAttribute(reader.message(), attributes, depth);
    else reader.skip();
  }
  return attributes;
}

function readList(reader: WireReader, depth: number): Value[] {
  const values: Value[] = [];
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) values.push(readValue(reader.message(), depth));
    else reader.skip();
  }
  return values;
}
