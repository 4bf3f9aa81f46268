import type { GatewaySettings, RouteSettings } from "@kerf/service";
import type { TrafficParts } from "../upstreams/upstream.ts";
import { RouteAnswerCache } from "./route-answer-cache.ts";

/** The caches of one configuration's routes, by what they depend on. A route of which nothing changed goes on with the one that it had. */
export class AnswerCaches {
  readonly #settings: GatewaySettings;
  readonly #caches = new Map<string, RouteAnswerCache>();

  constructor(settings: GatewaySettings, before: AnswerCaches | undefined, parts: TrafficParts) {
    this.#settings = settings;
    for (const route of settings.routes ?? []) {
      if (route.cache === undefined) continue;
      const key = this.#keyOf(route);
      const known = before === undefined ? undefined : before.#caches.get(key);
      this.#caches.set(key, known ?? new RouteAnswerCache(route.cache, parts));
    }
  }

  /** The one of a route that keeps answers. */
  of(route: RouteSettings): RouteAnswerCache | undefined {
    return route.cache === undefined ? undefined : this.#caches.get(this.#keyOf(route));
  }

  /** Something changed at an upstream: no route goes on with what it kept of it. */
  forget(resource: string): void {
    for (const cache of this.#caches.values()) cache.forget(resource);
  }

  #keyOf(route: RouteSettings): string {
    const { to } = route;
    const sides = typeof to === "object" && "split" in to ? to.split : [{ to }];
    const upstreams = sides.map((side) =>
      side.to === "services" ? undefined : this.#settings.upstreams?.[side.to.upstream],
    );
    return JSON.stringify([route, upstreams, this.#settings.trustedProxies]);
  }
}
