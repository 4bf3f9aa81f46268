import { apiKeys, type GatewaySettings } from "@kerf/service";
import type { KeyFiles } from "./api-keys.ts";

/** How often a configuration comes that cannot be, among those that can. */
const brokenEvery = 5;

/** What the n-th configuration, from 0, changes: a route that only it has, the shares of the upstream's instances, and whose keys hold. */
export function settingsOf(n: number, urls: readonly string[], keys: KeyFiles): GatewaySettings {
  return {
    upstreams: { foreign: { urls, weights: n % 2 === 0 ? [1, 3] : [5, 1] } },
    routes: [
      { path: "/foreign/*", to: { upstream: "foreign" } },
      // What nothing holds together: a new path, the order of the routes, and whether clients are shared out over two targets that are the same.
      n % 3 === 0
        ? { path: "/uploads/*", to: { split: [{ to: { upstream: "foreign" }, weight: 1 }] } }
        : { path: "/uploads/*", to: { upstream: "foreign" } },
      { path: `/only-in/${n}`, to: { upstream: "foreign" } },
    ],
    authentication: [apiKeys({ file: keys.files[n % 2] as string })],
  };
}

/** Whether the n-th configuration is one that is refused. */
export function isBroken(n: number): boolean {
  return n % brokenEvery === brokenEvery - 1;
}

/** The n-th configuration with a route to an upstream that it does not name. */
export function brokenSettingsOf(
  n: number,
  urls: readonly string[],
  keys: KeyFiles,
): GatewaySettings {
  const { routes = [], ...rest } = settingsOf(n, urls, keys);
  return { ...rest, routes: [...routes, { path: "/nowhere/*", to: { upstream: "gone" } }] };
}
