import { type HttpRoute, pathParameters } from "@kerf/contract";
import { KerfError } from "@kerf/kernel";

/** An operation's input as it goes over HTTP. */
export interface ClientRequest {
  readonly method: string;
  /** Path and query string. */
  readonly target: string;
  readonly body: string | undefined;
}

/** Spreads an input over path, query string and body, as the edge puts it together again. */
export function clientRequest(route: HttpRoute, input: unknown, operation: string): ClientRequest {
  const names = pathParameters(route.path);
  const isObject = typeof input === "object" && input !== null && !Array.isArray(input);
  const fields = new Map(isObject ? Object.entries(input) : []);
  const path = route.path.replaceAll(/\{([^}]+)\}/g, (_, name: string) => {
    const value = fields.get(name);
    const text = scalarText(value);
    if (text === undefined || text === "" || text === "." || text === "..") {
      throw refused(operation, name, "is part of the path and must be plain text or a number");
    }
    return encodeURIComponent(text);
  });
  if (route.method === "GET" || route.method === "DELETE") {
    const query = new URLSearchParams();
    for (const [name, value] of fields) {
      if (names.includes(name) || value === undefined) continue;
      for (const item of Array.isArray(value) ? (value as unknown[]) : [value]) {
        const text = scalarText(item);
        if (text === undefined)
          throw refused(operation, name, "cannot be written into a query string");
        query.append(name, text);
      }
    }
    return {
      method: route.method,
      target: query.size === 0 ? path : `${path}?${query.toString()}`,
      body: undefined,
    };
  }
  const rest = isObject
    ? Object.fromEntries([...fields].filter(([name]) => !names.includes(name)))
    : input;
  return { method: route.method, target: path, body: JSON.stringify(rest) };
}

function scalarText(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  return typeof value === "number" || typeof value === "boolean" || value === null
    ? String(value)
    : undefined;
}

function refused(operation: string, path: string, message: string): KerfError {
  return new KerfError("invalid_input", {
    message: `The input of ${operation} cannot be sent over HTTP: ${path} ${message}.`,
    fix: "Correct the field named.",
    data: { fields: [{ path, message }] },
  });
}
