import { checkNumber } from "./bounds.ts";
import { type Maintenance, maintenanceProblems } from "./maintenance.ts";
import { type Mirror, mirrorProblems } from "./mirror.ts";
import { isHeaderName, isHeaderValue, type Rewrite, rewriteProblems } from "./rewrite.ts";
import { type RouteCache, routeCacheProblems } from "./route-cache.ts";

/** An upstream by its name, or the app's own services by the routes of their contracts. */
export type RouteTarget = { readonly upstream: string } | "services";

/** Requests below a path, and where they go. */
export interface RouteSettings {
  /** `/shop/*` is `/shop` and everything below, `/shop/cart` itself only. A longer literal prefix wins over a shorter one. */
  readonly path: string;
  /** The host that requests are for, without a port: such a route goes before all that name none, the contracts' too. Default: any. */
  readonly host?: string;
  /** Default: all. */
  readonly methods?: readonly string[];
  /** Where they go. A route that may send them, or copies of them, to `services` decides before the contracts' routes below its path do. */
  readonly to: RouteTarget | { readonly split: readonly SplitSide[]; readonly sticky?: Sticky };
  /** `user`: a valid token is needed. Default `public`: the gateway does not look at credentials, the upstream may. */
  readonly access?: "public" | "user";
  /** Largest body of a request to an upstream, of gRPC each message; bytes. Default 1 MiB. */
  readonly maxBodyBytes?: number;
  /** Of requests to upstreams. */
  readonly rewrite?: Rewrite;
  readonly mirror?: Mirror;
  readonly maintenance?: Maintenance;
  /** Keeps answers of upstreams. Default: none is kept. */
  readonly cache?: RouteCache;
}

/** One of several places where requests of a route may go. */
export interface SplitSide {
  readonly to: RouteTarget;
  /** Its share beside the other sides; any unit. Default 0. */
  readonly weight?: number;
  /** Requests with this header come here before shares are looked at; without a value, any will do. */
  readonly header?: { readonly name: string; readonly value?: string };
  /** The same for a cookie. */
  readonly cookie?: { readonly name: string; readonly value?: string };
}

/**
 * What keeps a client on its side. A side whose share grows takes clients from the others and gives none away.
 * `cookie`: a random number that the gateway gives each client. `hash`: of the user (needs `access: "user"`), of the client's
 * address, or of a header.
 */
export type Sticky =
  | { readonly cookie: string; readonly maxAgeS?: number }
  | { readonly hash: "principal" | "address" | { readonly header: string } };

const methodName = /^[A-Z]{3,16}$/;

/** What is wrong with the routes of a gateway. */
export function routeProblems(
  routes: readonly RouteSettings[] = [],
  upstreams: ReadonlySet<string>,
): string[] {
  const problems: string[] = [];
  const taken = new Map<string, number>();
  for (const [index, route] of routes.entries()) {
    problems.push(...problemsOf(`routes[${index}] ${route.path}`, route, upstreams));
    for (const method of route.methods ?? ["*"]) {
      const key = `${method} ${route.host ?? ""}${route.path}`;
      const other = taken.get(key);
      if (other === undefined) taken.set(key, index);
      else problems.push(`routes[${index}]: ${key} is taken by routes[${other}]`);
    }
  }
  return problems;
}

function problemsOf(where: string, route: RouteSettings, upstreams: ReadonlySet<string>): string[] {
  const problems: string[] = [];
  const { path, methods, to, access, mirror } = route;
  const problem = pathProblem(path);
  if (problem !== undefined) problems.push(`${where}: ${problem}`);
  if (route.host !== undefined && !isHost(route.host))
    problems.push(`${where}: host ${JSON.stringify(route.host)} is no host name in lower case`);
  if (methods?.length === 0) problems.push(`${where}: methods is empty; leave it out for all`);
  for (const method of methods ?? []) {
    if (!methodName.test(method) || method === "CONNECT" || method === "TRACE")
      problems.push(`${where}: ${JSON.stringify(method)} is no method that is passed on`);
  }
  const sides = typeof to === "object" && "split" in to ? to.split : [{ to }];
  for (const side of sides) {
    if (side.to !== "services" && !upstreams.has(side.to.upstream))
      problems.push(
        `${where}: to names the upstream ${JSON.stringify(side.to.upstream)}, which is not in upstreams`,
      );
  }
  if (typeof to === "object" && "split" in to)
    problems.push(...splitProblems(where, to.split, to.sticky, access));
  checkNumber(problems, `${where}: maxBodyBytes`, route.maxBodyBytes, [0, 1_099_511_627_776]);
  if (route.rewrite !== undefined && sides.every((side) => side.to === "services"))
    problems.push(`${where}: rewrite is for upstreams, and none of its targets is one`);
  problems.push(...rewriteProblems(where, route.rewrite));
  problems.push(...mirrorProblems(where, mirror, upstreams));
  problems.push(...maintenanceProblems(where, route.maintenance));
  problems.push(...routeCacheProblems(where, route));
  return problems;
}

function splitProblems(
  where: string,
  split: readonly SplitSide[],
  sticky: Sticky | undefined,
  access: RouteSettings["access"],
): string[] {
  const problems: string[] = [];
  if (split.length === 0 || split.length > 16)
    problems.push(`${where}: split has ${split.length} sides; it takes from 1 to 16`);
  let sum = 0;
  for (const side of split) {
    checkNumber(problems, `${where}: split weight`, side.weight, [0, 1_000_000], false);
    sum += side.weight ?? 0;
    for (const rule of [side.header, side.cookie]) {
      if (rule === undefined) continue;
      if (!isHeaderName(rule.name) || (rule.value !== undefined && !isHeaderValue(rule.value)))
        problems.push(`${where}: split cannot look for ${JSON.stringify(rule)}`);
    }
  }
  if (!(sum > 0))
    problems.push(
      `${where}: split gives no side a weight; who matches no header must go somewhere`,
    );
  if (sticky === undefined) return problems;
  if ("cookie" in sticky) {
    if (!isHeaderName(sticky.cookie))
      problems.push(
        `${where}: sticky.cookie ${JSON.stringify(sticky.cookie)} cannot be a cookie's name`,
      );
    checkNumber(problems, `${where}: sticky.maxAgeS`, sticky.maxAgeS, [1, 34_560_000]);
  } else if (sticky.hash === "principal" && access !== "user")
    problems.push(
      `${where}: sticky.hash is "principal", but without access: "user" there may be none`,
    );
  return problems;
}

/** A name as DNS has it (RFC 1123), without a port. */
function isHost(host: string): boolean {
  return host.length <= 253 && /^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/.test(host);
}

function pathProblem(path: string): string | undefined {
  if (
    !/^\/(?:[a-z0-9._~!$&'()+,;=:@-]|%[0-9a-f]{2}|\/)*\*?$/i.test(path) ||
    (path.includes("*") && !path.endsWith("/*"))
  )
    return "a path is literal segments, as in a URL, with /* at its end for everything below";
  if (/\/\//.test(path)) return "the path has an empty segment";
  if (/\/(?:\.|%2e){1,2}(?:\/|$)/i.test(path)) return 'the path has a segment "." or ".."';
  if (path === "/health" || path.startsWith("/health/"))
    return "everything under /health is the gateway's own";
  return undefined;
}
