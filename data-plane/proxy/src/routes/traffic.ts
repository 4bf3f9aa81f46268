import type { IncomingMessage } from "node:http";
import { type ForeignRoute, type ForeignRoutes, pathSegments, type Route } from "@kerf/call/http";
import { KerfError } from "@kerf/kernel";
import { type GatewaySettings, type RouteSettings, trafficProblems } from "@kerf/service";
import { AnswerCaches } from "../answer-cache/answer-caches.ts";
import { healthSegment } from "../health.ts";
import { AddressSet } from "../upstreams/client-address.ts";
import { UpstreamRegistry, type Upstreams } from "../upstreams/registry.ts";
import { Tunnels } from "../upstreams/tunnel.ts";
import type { TrafficParts } from "../upstreams/upstream.ts";
import { DeclaredRoute } from "./declared-route.ts";
import { MaintenanceMode } from "./maintenance-mode.ts";
import { RouteMirror } from "./mirror.ts";
import { RoutePrefixes } from "./route-prefixes.ts";

/** The foreign routes of one configuration; never changed, only replaced. */
export class Traffic implements ForeignRoutes {
  readonly upstreams: Upstreams;
  readonly mirrors: ReadonlyMap<string, RouteMirror>;
  readonly caches: AnswerCaches;
  readonly #prefixes: RoutePrefixes<DeclaredRoute> | undefined;
  readonly #hosts: ReadonlyMap<string, RoutePrefixes<DeclaredRoute>>;
  readonly #maintenance: MaintenanceMode | undefined;

  constructor(
    routes: readonly DeclaredRoute[],
    maintenance: MaintenanceMode | undefined,
    upstreams: Upstreams,
    { mirrors, caches }: Pick<Traffic, "caches" | "mirrors">,
  ) {
    const { [""]: anywhere, ...hosts } = Object.groupBy(routes, ({ host = "" }) => host);
    this.#prefixes = anywhere && new RoutePrefixes(anywhere);
    this.#hosts = new Map(
      Object.entries(hosts).map(([host, own = []]) => [host, new RoutePrefixes(own)]),
    );
    this.#maintenance = maintenance;
    this.upstreams = upstreams;
    this.mirrors = mirrors;
    this.caches = caches;
  }

  match(
    request: IncomingMessage,
    path: string,
    contract: (path: string) => Route | undefined,
  ): ForeignRoute | undefined {
    this.#maintenance?.admit(request);
    if (this.#prefixes === undefined && this.#hosts.size === 0) return undefined;
    const { segments } = pathSegments(path);
    // What cannot be read, the contracts' table refuses with the reason; and health is the gateway's own.
    if (segments === undefined || segments[0] === healthSegment) return undefined;
    const method = request.method ?? "";
    const own = this.#ofHost(request)?.match(method, segments);
    const route = own ?? this.#prefixes?.match(method, segments);
    if (route === undefined) return undefined;
    if (!route.decides && own === undefined) {
      const rival = contract(path);
      if (rival !== undefined && literalsOfContract(rival) >= route.literals) return undefined;
    }
    route.maintenance?.admit(request);
    return route;
  }

  #ofHost(request: IncomingMessage): RoutePrefixes<DeclaredRoute> | undefined {
    return this.#hosts.size === 0 ? undefined : this.#hosts.get(hostOf(request));
  }
}

/** The host that a request is for, without its port. */
function hostOf({ headers: { host = "" } }: IncomingMessage): string {
  return host.replace(/:\d*$/, "").toLowerCase();
}

/** Literal segments before a route's first parameter; without one it is as specific as a path can be. */
function literalsOfContract({ parameters }: Route): number {
  return Math.min(...parameters.map(({ index }) => index));
}

/** What of a gateway's traffic lives longer than one configuration. */
export class TrafficKeeper {
  readonly tunnels = new Tunnels();
  readonly #parts: TrafficParts;
  readonly #registry: UpstreamRegistry;
  readonly #via: string;
  #mirrors: ReadonlyMap<string, RouteMirror> = new Map();
  #caches: AnswerCaches | undefined;

  /** @param gateway its name */
  constructor(gateway: string, parts: TrafficParts) {
    this.#parts = parts;
    this.#registry = new UpstreamRegistry(parts);
    this.#via = `kerf-${gateway}`;
  }

  /**
   * Makes the routes of a configuration; nothing runs yet, and nothing ends. `sensitive`: names of fields that contracts mark.
   * @throws KerfError that names everything that is wrong
   */
  prepare(settings: GatewaySettings, sensitive: ReadonlySet<string> = new Set()): Traffic {
    const problems = trafficProblems(settings);
    if (problems.length > 0) {
      throw new KerfError("invalid_configuration", {
        message: `The settings of the gateway have problems:\n${problems.map((problem) => `  - ${problem}`).join("\n")}`,
        fix: "Correct them in the app's module.",
        data: { problems },
      });
    }
    const { routes = [], maintenance } = settings;
    const upstreams = this.#registry.prepare(settings.upstreams);
    const trusted = new AddressSet(settings.trustedProxies);
    const mirrors = new Map<string, RouteMirror>();
    const caches = new AnswerCaches(settings, this.#caches, this.#parts);
    const around = {
      upstreams,
      trusted,
      tunnels: this.tunnels,
      caches,
      via: this.#via,
      parts: this.#parts,
    };
    const declared = routes.map((route) => {
      const mirror = this.#mirrorOf(route);
      if (mirror !== undefined) {
        mirror.sensitive = sensitive;
        mirrors.set(mirrorKey(route), mirror);
      }
      return new DeclaredRoute(route, mirror, around);
    });
    const mode = maintenance === undefined ? undefined : new MaintenanceMode(maintenance, trusted);
    return new Traffic(declared, mode, upstreams, { mirrors, caches });
  }

  /** From now on this is used. */
  use({ upstreams, mirrors, caches }: Traffic): void {
    this.#caches = caches;
    this.#registry.use(upstreams);
    for (const [key, mirror] of this.#mirrors) if (!mirrors.has(key)) mirror.flush();
    this.#mirrors = mirrors;
  }

  /** Ends what is open for as long as both sides like. */
  drain(): void {
    this.tunnels.close();
  }

  /** Ends everything; requests are over. */
  stop(): void {
    this.#registry.stop();
    for (const mirror of this.#mirrors.values()) mirror.flush();
    this.#mirrors = new Map();
    this.#registry.use(new Map());
  }

  #mirrorOf(route: RouteSettings): RouteMirror | undefined {
    if (route.mirror === undefined) return undefined;
    return this.#mirrors.get(mirrorKey(route)) ?? new RouteMirror(route, route.mirror, this.#parts);
  }
}

/** Counts go on for as long as the same is compared with the same. */
function mirrorKey({ host, path, methods, to, mirror }: RouteSettings): string {
  return JSON.stringify([host, path, methods, to, mirror]);
}
