import type { RouteSettings, RouteTarget } from "./routes.ts";
import type { GatewaySettings } from "./settings.ts";

/** What is wrong with upstreams that speak gRPC. */
export function grpcProblems(settings: GatewaySettings): string[] {
  const { http2, routes = [], tls, upstreams = {} } = settings;
  const problems: string[] = [];
  const speaking = new Set<string>();
  for (const [name, { health, protocol }] of Object.entries(upstreams)) {
    if (protocol === undefined || protocol === "http/1.1") continue;
    if (protocol !== "grpc") {
      problems.push(
        `upstreams.${name}: protocol: ${JSON.stringify(protocol)} is neither "http/1.1" nor "grpc"`,
      );
      continue;
    }
    speaking.add(name);
    if (health !== undefined)
      problems.push(`upstreams.${name}: health asks in HTTP/1.1; leave it out for gRPC`);
  }
  if (speaking.size > 0 && !(http2 ?? tls !== undefined))
    problems.push(
      `upstreams: ${[...speaking].join(", ")} speaks gRPC, which clients speak over HTTP/2: give the gateway tls, or http2: true`,
    );
  for (const [index, route] of routes.entries()) {
    const mirrored = route.mirror === undefined ? [] : [route.mirror.to, ...targetsOf(route)];
    if (mirrored.some((to) => to !== "services" && speaking.has(to.upstream)))
      problems.push(`routes[${index}] ${route.path}: gRPC is not mirrored`);
    const kept = route.cache === undefined ? [] : targetsOf(route);
    if (kept.some((to) => to !== "services" && speaking.has(to.upstream)))
      problems.push(
        `routes[${index}] ${route.path}: answers of gRPC are not kept; leave cache out`,
      );
  }
  return problems;
}

function targetsOf({ to }: RouteSettings): readonly RouteTarget[] {
  return typeof to === "object" && "split" in to ? to.split.map((side) => side.to) : [to];
}
