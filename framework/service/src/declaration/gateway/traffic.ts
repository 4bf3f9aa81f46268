import { maintenanceProblems } from "./maintenance.ts";
import { routeProblems } from "./routes.ts";
import type { GatewaySettings } from "./settings.ts";
import { addressRangeProblems } from "./trusted-proxies.ts";
import { upstreamProblems } from "./upstreams.ts";

/** What is wrong with what a gateway says of foreign upstreams and of where requests go. */
export function trafficProblems(settings: GatewaySettings): string[] {
  const { maintenance, routes, trustedProxies, upstreams } = settings;
  return [
    ...upstreamProblems(upstreams),
    ...routeProblems(routes, new Set(Object.keys(upstreams ?? {}))),
    ...maintenanceProblems("settings", maintenance),
    ...addressRangeProblems("trustedProxies", trustedProxies),
  ];
}
