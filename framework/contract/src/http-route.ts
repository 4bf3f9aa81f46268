/** A method that a route may have. */
export type HttpMethod = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** Where an operation answers at the gateway. */
export interface HttpRoute {
  readonly method: HttpMethod;
  /** Starts with `/`; `{name}` takes one segment and fills the input field of that name. */
  readonly path: string;
  /** Status of success, 200–299. */
  readonly status: number;
}

/** As authors write it: `"GET /orders/{id}"`, or with a status of success of its own. */
export type HttpRouteOptions = string | { readonly route: string; readonly status: number };

const methods: readonly string[] = ["GET", "POST", "PUT", "PATCH", "DELETE"];
const segment = /^(?:\{[A-Za-z_][A-Za-z0-9_]*\}|[A-Za-z0-9._~!$&'()*+,;=:@%-]+)$/;

/** Reads a route; what is wrong with it goes to `problem`. */
export function parseHttpRoute(
  options: HttpRouteOptions,
  problem: (text: string) => void,
): HttpRoute | undefined {
  const { route, status } = typeof options === "string" ? { route: options, status: 200 } : options;
  const [method = "", path = "", ...rest] = String(route).split(" ");
  if (!methods.includes(method) || rest.length > 0 || path === "") {
    problem(
      `http ${JSON.stringify(route)} must read "METHOD /path" with METHOD one of ${methods.join(", ")}`,
    );
    return undefined;
  }
  if (!path.startsWith("/")) {
    problem(`http path ${JSON.stringify(path)} must start with "/"`);
    return undefined;
  }
  const parts = path === "/" ? [] : path.slice(1).split("/");
  const bad = parts.find((part) => !segment.test(part));
  if (bad !== undefined) {
    problem(
      `http path ${JSON.stringify(path)} has a segment ${JSON.stringify(bad)} that is neither plain text nor {name}`,
    );
    return undefined;
  }
  if (!Number.isInteger(status) || status < 200 || status > 299) {
    problem(`http status ${String(status)} of success must be from 200 to 299`);
    return undefined;
  }
  return { method: method as HttpMethod, path, status };
}

/** The names in `{…}` of a path, in order. */
export function pathParameters(path: string): string[] {
  return [...path.matchAll(/\{([^}]+)\}/g)].map((match) => match[1] as string);
}
