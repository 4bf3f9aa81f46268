import { MalformedResponse } from "./malformed-response.ts";

/** Header or trailer fields: names in lower case and values in turn, in the order in which they came. */
export type Fields = readonly string[];

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** RFC 9110, 5.5: visible characters, spaces, tabs and obs-text. Neither line breaks nor NUL. */
const notInValue = /[^\t\x20-\x7e\x80-\xff]/;

/** Names as they were spelled, and in lower case: most answers use the same few. Bounded, since an upstream chooses them. */
const spellings = new Map<string, string>();
const mostSpellings = 512;

/**
 * Parses the lines in `text` from `start` up to `end`, each of which ends with CR LF. Folded lines (obs-fold), spaces before the colon and
 * bare CR or LF are refused: programs differ in how they read them.
 * @throws MalformedResponse
 */
export function parseFields(text: string, start: number, end: number): string[] {
  const fields: string[] = [];
  for (let at = start; at < end;) {
    const lineEnd = text.indexOf("\r\n", at);
    const colon = text.indexOf(":", at);
    if (colon < 0 || colon > lineEnd) throw new MalformedResponse("a field without a colon");
    fields.push(lowerCaseName(text.slice(at, colon)));
    let from = colon + 1;
    let to = lineEnd;
    while (from < to && isBlank(text.charCodeAt(from))) from++;
    while (to > from && isBlank(text.charCodeAt(to - 1))) to--;
    const value = text.slice(from, to);
    if (notInValue.test(value))
      throw new MalformedResponse("a field value with a control character");
    fields.push(value);
    at = lineEnd + 2;
  }
  return fields;
}

/** The values of a field, joined as RFC 9110, 5.3 has it; undefined when it is not there. */
export function fieldOf(fields: Fields, name: string): string | undefined {
  let found: string | undefined;
  for (let i = 0; i < fields.length; i += 2) {
    if (fields[i] !== name) continue;
    const value = fields[i + 1] as string;
    found = found === undefined ? value : `${found}, ${value}`;
  }
  return found;
}

/** Whether a value can stand in a field without ending it. */
export function isFieldValue(value: string): boolean {
  return !notInValue.test(value);
}

function lowerCaseName(name: string): string {
  const known = spellings.get(name);
  if (known !== undefined) return known;
  // A folded line begins with a blank, and a blank before the colon is the end of no name.
  if (!token.test(name)) throw new MalformedResponse("a field name that is none");
  const lower = name.toLowerCase();
  if (spellings.size < mostSpellings) spellings.set(name, lower);
  return lower;
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
