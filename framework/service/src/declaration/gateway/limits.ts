/** Most limits of one gateway: each costs every request a look. */
const maxLimits = 20;

/** How often clients may send requests. */
export interface RateLimit {
  /**
   * What one count is for. `address`: the client's address, of IPv6 its /64; looked at before the credentials are. `user`: the
   * principal, and the address for requests without one. `key`: the API key, also where one user has several; the user, and the
   * address, for requests without one. `everyone`: all requests together.
   */
  readonly by: "address" | "user" | "key" | "everyone";
  /** `requests` in `perMs` milliseconds, spread evenly. */
  readonly rate: { readonly requests: number; readonly perMs: number };
  /** Requests at once after a pause, on top of which the rate goes on. Default: `rate.requests`. */
  readonly burst?: number;
  /**
   * What it counts: `orders.place`, or `orders` for all of a contract; a foreign route by its path, `/shop/*`; `/auth/*` of
   * sessions, which are counted by address only. Default: all of the gateway.
   */
  readonly routes?: readonly string[];
  /** One count for all instances of the gateway, instead of one in each. Default false. */
  readonly shared?: boolean;
}

/**
 * Everything that is wrong with the limits of a gateway.
 * @param routed what it routes: `contract.operation`, and paths
 */
export function limitsProblems(given: unknown, routed: readonly string[]): string[] {
  if (given === undefined) return [];
  if (!Array.isArray(given) || given.length > maxLimits)
    return [`limits must be a list of at most ${maxLimits}`];
  const names = new Set(
    routed.flatMap((name) =>
      name.startsWith("/") ? [name] : [name, name.slice(0, name.indexOf("."))],
    ),
  );
  return given.flatMap((limit: unknown, index) =>
    limitProblems(limit, names).map((problem) => `limits[${index}]${problem}`),
  );
}

function limitProblems(given: unknown, names: ReadonlySet<string>): string[] {
  if (typeof given !== "object" || given === null)
    return [" must be { by, rate: { requests, perMs } }"];
  const { by, rate, burst, routes, shared, ...others } = given as Record<string, unknown>;
  const problems = Object.keys(others).map(
    (name) => `.${name} is no field; there are by, rate, burst, routes, shared`,
  );
  if (!["address", "user", "key", "everyone"].includes(by as string))
    problems.push('.by must be "address", "user", "key" or "everyone"');
  const { requests, perMs } = (rate ?? {}) as Record<string, unknown>;
  if (!isCount(requests) || !isCount(perMs))
    problems.push(".rate must be { requests, perMs }, whole numbers from 1 to 1000000000");
  if (burst !== undefined && !isCount(burst))
    problems.push(".burst must be a whole number from 1 to 1000000000");
  if (shared !== undefined && typeof shared !== "boolean")
    problems.push(".shared must be true or false");
  if (routes === undefined) return problems;
  if (!Array.isArray(routes) || routes.length === 0)
    return [
      ...problems,
      ".routes must be a list of what the gateway routes, or be left out for all",
    ];
  for (const name of routes as unknown[]) {
    if (!names.has(name as string))
      problems.push(`.routes: the gateway routes no ${JSON.stringify(name)}`);
  }
  return problems;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 1 && (value as number) <= 1e9;
}
