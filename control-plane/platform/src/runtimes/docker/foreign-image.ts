import type { PlacedGateway } from "@kerf/call";
import { type GatewaySettings, type RouteSettings, trafficProblems } from "@kerf/service";
import type { Placement } from "../../placement/snapshot-builder.ts";

/** An image of somebody else as it is to run. */
export interface ForeignImage {
  readonly name: string;
  /** As it was asked for. */
  readonly image: string;
  /** `sha256:…`, what that was when it was deployed: every copy is the same. */
  readonly id: string;
  /** Grows with every deploy; its containers carry it. */
  readonly revision: number;
  readonly variables: Readonly<Record<string, string>>;
  readonly port: number;
  readonly replicas: number;
  readonly domain?: string | undefined;
  readonly gateway: string;
  readonly memoryBytes?: number | undefined;
  readonly cpus?: number | undefined;
}

/** Where clients reach it, for people and for the gateway. */
export function placeOf({ domain, name }: Pick<ForeignImage, "domain" | "name">): string {
  return domain ?? `/${name}/*`;
}

/** A placement in which the gateways know the images that run, and where. `addresses`: of copies that run, as `IP:PORT`, by name. */
export function withImages(
  placement: Placement,
  images: readonly ForeignImage[],
  addresses: ReadonlyMap<string, readonly string[]>,
): Placement {
  if (images.length === 0) return placement;
  const gateways: Record<string, PlacedGateway> = { ...placement.gateways };
  for (const image of images) {
    const gateway = gateways[image.gateway];
    const found = addresses.get(image.name) ?? [];
    // Without a copy there is nowhere to send a request, and its path is not there.
    if (gateway === undefined || found.length === 0) continue;
    const settings = withImage(gateway.settings ?? {}, image, found);
    // What the app came to say since goes first: a gateway refuses settings that contradict themselves, all of them.
    if (trafficProblems(settings).length === 0) gateways[image.gateway] = { ...gateway, settings };
  }
  return { ...placement, gateways };
}

/** What of a gateway's own settings speaks against an image there. */
export function conflictsWith(
  settings: GatewaySettings,
  image: Pick<ForeignImage, "domain" | "name">,
): string[] {
  if (Object.hasOwn(settings.upstreams ?? {}, image.name))
    return [`it has an upstream of its own that is called ${image.name}`];
  return trafficProblems(withImage(settings, image, ["127.0.0.1:1"]));
}

function withImage(
  settings: GatewaySettings,
  image: Pick<ForeignImage, "domain" | "name">,
  addresses: readonly string[],
): GatewaySettings & Readonly<Record<string, unknown>> {
  const { routes = [], upstreams = {} } = settings;
  const urls = addresses.map((address) => `http://${address}`);
  return {
    ...settings,
    upstreams: { [image.name]: { urls, host: "client" }, ...upstreams },
    routes: [...routes, routeOf(image)],
  };
}

function routeOf({ domain, name }: Pick<ForeignImage, "domain" | "name">): RouteSettings {
  const to = { upstream: name };
  if (domain !== undefined) return { host: domain, path: "/*", to };
  // It does not know that it lies below a path of somebody else's.
  return { path: `/${name}/*`, to, rewrite: { prefix: "/" } };
}
