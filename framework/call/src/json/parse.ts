import { KerfError } from "@kerf/kernel";
import { jsonFault } from "./json-fault.ts";

/** How deep JSON may nest (serde_json's bound): whoever walks a value by recursion must survive it. */
export const maxJsonDepth = 128;

const strictUtf8 = new TextDecoder("utf-8", { fatal: true });
/** What a text must contain to have a member of a refused name, written out or escaped, or to come from bytes that are not UTF-8: what is wrong in those becomes U+FFFD. */
const suspicious = /__proto__|constructor|\\u|\ufffd/;

/**
 * The JSON value in `bytes` from `start` to `end`, without anything that could reach a prototype or exhaust a stack. For what
 * comes from outside: an edge's clients, and other programs.
 * @throws KerfError `invalid_input` that says where it stops being JSON
 */
export function parseJson(bytes: Buffer, start = 0, end = bytes.length): unknown {
  const text = bytes.toString("utf8", start, end);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return parseSlowly(bytes.subarray(start, end));
  }
  const isSuspicious = suspicious.test(text);
  if (isSuspicious) decode(bytes.subarray(start, end));
  // As many levels take as many opening and closing characters: most texts need no walk.
  if (isSuspicious || text.length > 2 * maxJsonDepth) refuseHostile(value, 0);
  return value;
}

/** The same, step by step: for what is not JSON as it stands, be it only for a byte order mark. */
function parseSlowly(bytes: Uint8Array): unknown {
  const text = decode(bytes);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    const fault = jsonFault(text);
    throw notJson(
      fault === undefined
        ? "The body is not valid JSON."
        : `The body is not valid JSON: line ${fault.line}, column ${fault.column}: ${fault.expected} was expected.`,
    );
  }
  refuseHostile(value, 0);
  return value;
}

function decode(bytes: Uint8Array): string {
  try {
    return strictUtf8.decode(bytes);
  } catch {
    throw notJson("The body is not valid UTF-8.");
  }
}

/** Own keys named `__proto__` are harmless until somebody copies the object key by key: they go no further than here. */
function refuseHostile(value: unknown, depth: number): void {
  if (typeof value !== "object" || value === null) return;
  if (depth > maxJsonDepth) throw notJson(`The body nests deeper than ${maxJsonDepth} levels.`);
  if (Array.isArray(value)) {
    for (const item of value) if (typeof item === "object") refuseHostile(item, depth + 1);
    return;
  }
  for (const key in value) {
    if (key === "__proto__") throw notJson('The body has a field named "__proto__".');
    const member = (value as Record<string, unknown>)[key];
    if (typeof member !== "object" || member === null) continue;
    if (key === "constructor" && Object.hasOwn(member, "prototype"))
      throw notJson('The body has a field "constructor" with a field "prototype".');
    refuseHostile(member, depth + 1);
  }
}

/** A body that cannot be read. @param message which mistake, and where */
export function notJson(message: string): KerfError {
  return new KerfError("invalid_input", {
    message,
    fix: "Send JSON as RFC 8259 has it, in UTF-8.",
  });
}
