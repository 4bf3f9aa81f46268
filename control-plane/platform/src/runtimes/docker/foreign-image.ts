import type { PlacedGateway } from "@kerf/call";
import type { RouteSettings, UpstreamSettings } from "@kerf/service";
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
}

/** Names of upstreams that the platform makes; none of an app's own can be called so. */
const upstreamName = (name: string): string => `image.${name}`;

/** Where clients reach it, for people and for the gateway. */
export function placeOf({ domain, name }: Pick<ForeignImage, "domain" | "name">): string {
  return domain ?? `/${name}/*`;
}

/** A placement in which the gateways know the images that run, and where. `addresses`: of copies that take connections, as `IP:PORT`, by name. */
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
    const { routes = [], upstreams = {} } = (gateway.settings ?? {}) as {
      routes?: readonly RouteSettings[];
      upstreams?: Readonly<Record<string, UpstreamSettings>>;
    };
    const upstream = upstreamName(image.name);
    gateways[image.gateway] = {
      ...gateway,
      settings: {
        ...gateway.settings,
        upstreams: {
          ...upstreams,
          [upstream]: { urls: found.map((address) => `http://${address}`), host: "client" },
        },
        routes: [...routes, routeOf(image, upstream)],
      },
    };
  }
  return { ...placement, gateways };
}

function routeOf(image: ForeignImage, upstream: string): RouteSettings {
  const to = { upstream };
  if (image.domain !== undefined) return { host: image.domain, path: "/*", to };
  // It does not know that it lies below a path of somebody else's.
  return { path: `/${image.name}/*`, to, rewrite: { prefix: "/" } };
}
