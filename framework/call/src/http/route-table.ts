import {
  type ContractDescription,
  type HttpMethod,
  type OperationDescription,
  pathParameters,
} from "@kerf/contract";
import { KerfError } from "@kerf/kernel";
import { InputReader } from "./coerce.ts";
import { pathSegments } from "./request-path.ts";

/** One operation that answers over HTTP. */
export interface Route {
  readonly service: string;
  readonly operation: string;
  /** `SERVICE.OPERATION`. */
  readonly name: string;
  readonly description: OperationDescription;
  readonly method: HttpMethod;
  /** The template, such as `/orders/{id}`; what logs and metrics name, since paths themselves hold ids. */
  readonly path: string;
  /** Status of success. */
  readonly status: number;
  /** Turns path, query string and body into the operation's input. */
  readonly input: InputReader;
  /** Where the path's parameters stand: segment numbers from 0. */
  readonly parameters: readonly { readonly name: string; readonly index: number }[];
}

/** What a method and a path lead to. */
export type RouteMatch =
  | { readonly route: Route; readonly params: Readonly<Record<string, string>> }
  | { readonly notFound: true }
  | { readonly methodNotAllowed: readonly string[] }
  | { readonly badPath: string };

/** The routes as declared: one node for each prefix. */
interface Prefix {
  readonly id: number;
  readonly literals: Map<string, Prefix>;
  parameter: Prefix | undefined;
  readonly routes: Map<HttpMethod, Route>;
}

/** Where a match stands: all prefixes that fit so far as one state, so that no step is ever taken back. */
interface State {
  readonly literals: Map<string, State>;
  readonly other: State | undefined;
  readonly routes: Map<HttpMethod, Route>;
  readonly allow: readonly string[];
}

/**
 * Which operation answers a method and a path. Literal segments win over parameters, the leftmost first, for each method;
 * a match looks at each segment once. A table never changes: a new configuration is a new table.
 */
export class RouteTable {
  readonly routes: readonly Route[];
  /** Every method that some route has, for `OPTIONS *`. */
  readonly methods: readonly string[];
  readonly #root: State;

  /**
   * @param contracts whose operations with `http` are routed, those for services only left out
   * @param reserved first path segments that the server keeps for itself, such as `health`
   * @throws KerfError `invalid_app` that names every conflict
   */
  constructor(contracts: readonly ContractDescription[], reserved: readonly string[] = []) {
    const routes: Route[] = [];
    const problems: string[] = [];
    const prefixes = new PrefixTree();
    for (const contract of contracts) {
      for (const [operation, description] of Object.entries(contract.operations)) {
        if (description.http === undefined || description.access === "service") continue;
        const route = routeOf(contract.name, operation, description);
        routes.push(route);
        const problem = prefixes.add(route, reserved);
        if (problem !== undefined) problems.push(problem);
      }
    }
    if (problems.length > 0) {
      throw new KerfError("invalid_app", {
        message: `The routes have ${problems.length} conflict${problems.length === 1 ? "" : "s"}:\n${problems.map((problem) => `  - ${problem}`).join("\n")}`,
        fix: "Give each operation a method and path of its own, or expose fewer contracts at this gateway.",
        data: { problems },
      });
    }
    this.routes = routes;
    this.#root = stateOf([prefixes.root], new Map());
    this.methods = allowOf(routes.map((route) => route.method));
  }

  /** Finds the route; `HEAD` is answered by `GET`. Never throws. */
  match(method: string, path: string): RouteMatch {
    const { segments, bad } = pathSegments(path);
    if (segments === undefined) return { badPath: bad };
    let state: State | undefined = this.#root;
    for (const segment of segments) {
      state = state.literals.get(segment) ?? (segment === "" ? undefined : state.other);
      if (state === undefined) return { notFound: true };
    }
    if (state.routes.size === 0) return { notFound: true };
    const route = state.routes.get((method === "HEAD" ? "GET" : method) as HttpMethod);
    if (route === undefined) return { methodNotAllowed: state.allow };
    return {
      route,
      params: Object.fromEntries(
        route.parameters.map(({ name, index }) => [name, segments[index] as string]),
      ),
    };
  }
}

function routeOf(service: string, operation: string, description: OperationDescription): Route {
  const { method, path, status } = description.http as NonNullable<OperationDescription["http"]>;
  const names = pathParameters(path);
  const parts = path.slice(1).split("/");
  const parameters = names.map((name) => ({ name, index: parts.indexOf(`{${name}}`) }));
  return {
    service,
    operation,
    name: `${service}.${operation}`,
    description,
    method,
    path,
    status,
    parameters,
    input: new InputReader(method, description.input, names),
  };
}

class PrefixTree {
  #size = 0;
  readonly root: Prefix = this.#make();

  #make(): Prefix {
    return { id: this.#size++, literals: new Map(), parameter: undefined, routes: new Map() };
  }

  /** Adds a route; returns what is wrong with it. */
  add(route: Route, reserved: readonly string[]): string | undefined {
    const label = `${route.method} ${route.path} of ${route.service}.${route.operation}`;
    // Templates are written as they look in a URL: their literals compare decoded, as requests do.
    const { segments, bad } = pathSegments(route.path);
    if (segments === undefined) return `${label}: the path is not usable, ${bad}`;
    if (reserved.includes(segments[0] ?? ""))
      return `${label}: everything under /${segments[0]} is the gateway's own`;
    const parameters = new Set(route.parameters.map((parameter) => parameter.index));
    let prefix = this.root;
    for (const [index, segment] of segments.entries()) {
      if (parameters.has(index)) prefix = prefix.parameter ??= this.#make();
      else {
        let next = prefix.literals.get(segment);
        if (next === undefined) prefix.literals.set(segment, (next = this.#make()));
        prefix = next;
      }
    }
    const taken = prefix.routes.get(route.method);
    if (taken !== undefined)
      return `${label} is taken by ${taken.service}.${taken.operation} (${taken.path})`;
    prefix.routes.set(route.method, route);
    return undefined;
  }
}

/** The state for `prefixes`, the most specific first; equal sets share one. */
function stateOf(prefixes: readonly Prefix[], made: Map<string, State>): State {
  const key = prefixes.map((prefix) => prefix.id).join();
  const known = made.get(key);
  if (known !== undefined) return known;
  const routes = new Map<HttpMethod, Route>();
  for (const prefix of prefixes) {
    for (const [method, route] of prefix.routes) {
      if (!routes.has(method)) routes.set(method, route);
    }
  }
  const after = (literal: string | undefined): Prefix[] =>
    prefixes
      .flatMap((prefix) => [
        literal === undefined ? undefined : prefix.literals.get(literal),
        prefix.parameter,
      ])
      .filter((prefix) => prefix !== undefined);
  const names = new Set(prefixes.flatMap((prefix) => [...prefix.literals.keys()]));
  const parameters = after(undefined);
  const state: State = {
    literals: new Map([...names].map((name) => [name, stateOf(after(name), made)])),
    other: parameters.length === 0 ? undefined : stateOf(parameters, made),
    routes,
    allow: allowOf([...routes.keys()]),
  };
  made.set(key, state);
  return state;
}

function allowOf(methods: readonly string[]): readonly string[] {
  const allowed = new Set([...methods, "OPTIONS"]);
  if (allowed.has("GET")) allowed.add("HEAD");
  return [...allowed].toSorted();
}
