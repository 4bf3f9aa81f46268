import { pathSegments } from "@kerf/call/http";

/** Something with a path as routes declare them: `/shop/*` or `/shop/cart`. */
interface Declared {
  readonly path: string;
  readonly methods: readonly string[] | undefined;
}

interface Node<Route> {
  readonly literals: Map<string, Node<Route>>;
  /** For this very path. */
  readonly exact: Route[];
  /** For everything below as well. */
  readonly below: Route[];
}

/** Which declared path has a request: the longest literal prefix that takes its method; a match looks at each segment once. */
export class RoutePrefixes<Route extends Declared> {
  readonly #root: Node<Route> = node();

  constructor(routes: readonly Route[]) {
    for (const route of routes) {
      let at = this.#root;
      for (const segment of literalsOf(route.path)) {
        let next = at.literals.get(segment);
        if (next === undefined) at.literals.set(segment, (next = node()));
        at = next;
      }
      (route.path.endsWith("/*") ? at.below : at.exact).push(route);
    }
  }

  /** The route for decoded segments. */
  match(method: string, segments: readonly string[]): Route | undefined {
    let best: Route | undefined;
    let at: Node<Route> | undefined = this.#root;
    // A slash at the end names the same place.
    const count = segments.at(-1) === "" ? segments.length - 1 : segments.length;
    for (let index = 0; ; index++) {
      best = taking(at.below, method) ?? best;
      if (index >= count) return taking(at.exact, method) ?? best;
      at = at.literals.get(segments[index] as string);
      if (at === undefined) return best;
    }
  }
}

/** The literal segments that a path begins with, decoded. */
export function literalsOf(path: string): readonly string[] {
  const { segments = [] } = pathSegments(path.endsWith("/*") ? path.slice(0, -2) || "/" : path);
  return segments.at(-1) === "" ? segments.slice(0, -1) : segments;
}

function node<Route>(): Node<Route> {
  return { literals: new Map(), exact: [], below: [] };
}

/** One that names the method goes before one that takes all. */
function taking<Route extends Declared>(
  routes: readonly Route[],
  method: string,
): Route | undefined {
  return (
    routes.find(({ methods }) => methods?.includes(method)) ??
    routes.find(
      ({ methods }) => methods === undefined || (method === "HEAD" && methods.includes("GET")),
    )
  );
}
