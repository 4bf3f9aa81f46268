import type { FieldProblem, HttpMethod, JsonSchema } from "@kerf/contract";
import { KerfError } from "@kerf/kernel";
import { jsonValue } from "../json/raw-json.ts";
import { type JsonShape, propertyShapes } from "./json-shape.ts";

// The grammar of JSON (RFC 8259, 6): "0x10", "1_000", " 1" and "Infinity" are no numbers.
const integerText = /^-?(?:0|[1-9]\d*)$/;
const numberText = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/**
 * Puts one operation's input together from path, query string and body. GET and DELETE read path and query, all others
 * path and body. Text becomes what the schema asks for, and stays text where it does not fit, so that validation names the
 * field. What the schema does not know goes along: it decides whether that is stripped (the default), kept or refused.
 */
export class InputReader {
  readonly #fromQuery: boolean;
  readonly #names: readonly string[];
  readonly #shapes: ReadonlyMap<string, JsonShape>;

  constructor(method: HttpMethod, schema: JsonSchema, pathNames: readonly string[]) {
    this.#fromQuery = method === "GET" || method === "DELETE";
    this.#names = pathNames;
    this.#shapes = propertyShapes(schema);
  }

  /** Whether a request of this operation has a body. */
  get takesBody(): boolean {
    return !this.#fromQuery;
  }

  /**
   * @param body the body, as a value or as RawJson; undefined when the request has none. When it is the whole input, it stays as it is
   * @throws KerfError `invalid_input`
   */
  read(params: Readonly<Record<string, string>>, query: string, body: unknown): unknown {
    const sent = this.#fromQuery ? this.#query(query) : body === undefined ? {} : body;
    if (this.#names.length === 0) return sent;
    const given = jsonValue(sent);
    if (typeof given !== "object" || given === null || Array.isArray(given)) {
      throw refused([{ path: "", message: "the body must be a JSON object" }]);
    }
    const fields = new Map(Object.entries(given));
    const conflicts: FieldProblem[] = [];
    for (const name of this.#names) {
      const value = coerce(params[name] as string, this.#shapes.get(name));
      if (fields.has(name) && fields.get(name) !== value) {
        const where = this.#fromQuery ? "query string" : "body";
        conflicts.push({ path: name, message: `the path and the ${where} say different things` });
      }
      fields.set(name, value);
    }
    if (conflicts.length > 0) throw refused(conflicts);
    return Object.fromEntries(fields);
  }

  #query(query: string): Record<string, unknown> {
    const texts = parseQuery(query);
    const input: [string, unknown][] = [];
    for (const [name, values] of texts)
      input.push([name, coerceAll(values, this.#shapes.get(name))]);
    // Own properties whatever their names: nothing here can reach a prototype.
    return Object.fromEntries(input);
  }
}

/** The parameters of a query string in the order they come, each with all of its values. */
export function parseQuery(query: string): Map<string, string[]> {
  const parameters = new Map<string, string[]>();
  if (query === "") return parameters;
  for (const part of query.split("&")) {
    if (part === "") continue;
    const equals = part.indexOf("=");
    const name = decode(equals < 0 ? part : part.slice(0, equals));
    const value = decode(equals < 0 ? "" : part.slice(equals + 1));
    if (name === "__proto__")
      throw refused([{ path: name, message: "no field may have this name" }]);
    const known = parameters.get(name);
    if (known === undefined) parameters.set(name, [value]);
    else known.push(value);
  }
  return parameters;
}

function decode(text: string): string {
  const spaced = text.includes("+") ? text.replaceAll("+", " ") : text;
  if (!spaced.includes("%")) return spaced;
  try {
    return decodeURIComponent(spaced);
  } catch {
    throw new KerfError("invalid_input", {
      message: "The query string is not percent-encoded UTF-8.",
      fix: 'Encode names and values, "%" itself as "%25".',
    });
  }
}

function coerceAll(texts: readonly string[], shape: JsonShape | undefined): unknown {
  const isArray = shape?.types.has("array") === true && !shape.types.has("string");
  if (isArray || texts.length > 1) {
    // Several where the schema takes one: the list shows validation what is wrong with it.
    const item = isArray ? shape.items : shape;
    return texts.map((text) => coerce(text, item));
  }
  return coerce(texts[0] as string, shape);
}

/** The value that `shape` reads in `text`; the text itself when there is none. */
export function coerce(text: string, shape: JsonShape | undefined): unknown {
  if (shape === undefined) return text;
  if (shape.values !== undefined) {
    if (shape.values.includes(text)) return text;
    const meant = shape.values.find(
      (value) => (typeof value !== "object" || value === null) && String(value) === text,
    );
    return meant === undefined ? text : meant;
  }
  const { types } = shape;
  if (types.has("string")) return text;
  if (types.has("number") || types.has("integer")) {
    const value = Number(text);
    if (types.has("number") && numberText.test(text) && Number.isFinite(value)) return value;
    if (integerText.test(text) && Number.isSafeInteger(value)) return value;
  }
  if (types.has("boolean") && (text === "true" || text === "false")) return text === "true";
  if (types.has("null") && text === "null") return null;
  return text;
}

function refused(fields: readonly FieldProblem[]): KerfError {
  const listed = fields.map(({ path, message }) => (path === "" ? message : `${path}: ${message}`));
  return new KerfError("invalid_input", {
    message: `The request cannot be read: ${listed.join("; ")}.`,
    fix: "Correct the fields named and send it again.",
    data: { fields },
  });
}
