import type { DiscoverySettings, PlacedGateway, PlacedService } from "@kerf/call";
import type { ContractDescription } from "@kerf/contract";
import {
  byProducer,
  type GatewaySettings,
  type RouteSettings,
  trafficProblems,
  type UpstreamSettings,
} from "@kerf/service";
import type { NamedSecrets } from "./image-secrets.ts";
import type { Placement } from "../../placement/snapshot-builder.ts";

/** The version of a contract that is not there: an image offers no operations. */
const noVersion = "0.0.0";

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
  /** Files that its containers get below `/run/secrets`. */
  readonly secrets?: NamedSecrets | undefined;
  /** A sidecar stands beside each copy. */
  readonly sidecar?: ImageSidecar | undefined;
}

/** What the sidecar beside an image lets out, and which events go through it. */
export interface ImageSidecar {
  /** Services of the app that the program calls, and images with sidecars. */
  readonly uses: readonly string[];
  /** Hosts outside of the app that it may reach, each `host` or `host:port`. */
  readonly allow: readonly string[];
  /** Events that are posted to the program, each `service.event`. */
  readonly follows?: readonly string[] | undefined;
  /** Events that it emits, each with the field that orders it. */
  readonly emits?: Readonly<Record<string, string>> | undefined;
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
    const found =
      image.sidecar === undefined ? addresses.get(image.name) : sidecarsOf(placement, image);
    if (gateway === undefined) continue;
    const settings = withImage(gateway.settings ?? {}, image, found ?? []);
    // What the app came to say since goes first: a gateway refuses settings that contradict themselves, all of them.
    if (trafficProblems(settings).length === 0) gateways[image.gateway] = { ...gateway, settings };
  }
  return { ...placement, gateways };
}

/** Where the sidecars of an image take requests, as `IP:PORT`. */
function sidecarsOf({ units }: Placement, { name }: ForeignImage): string[] {
  return (units[name]?.instances ?? [])
    .filter(({ address, state }) => state === "ready" && address.startsWith("tcp:"))
    .map(({ address }) => address.slice("tcp:".length));
}

/** A placement in which callees know the images that call them through their sidecars. What the app has under the same name goes first. */
export function withCallers(
  placement: Placement,
  images: readonly ForeignImage[],
  contractOf: (service: string) => ContractDescription | undefined,
): Placement {
  const services: Record<string, PlacedService> = {};
  for (const { name, sidecar } of images) {
    if (sidecar === undefined) continue;
    // While one deploy takes the place of another, copies of both call.
    const uses = [...new Set([...(services[name]?.uses ?? []), ...sidecar.uses])].toSorted();
    const contracts = uses.flatMap((service) => contractOf(service) ?? []);
    const producers = byProducer(sidecar.follows ?? []).keys();
    const follows = [...new Set([...(services[name]?.follows ?? []), ...producers])].toSorted();
    services[name] = { unit: name, version: noVersion, uses, follows, contracts };
  }
  return { ...placement, services: { ...services, ...placement.services } };
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
  image: Pick<ForeignImage, "domain" | "name" | "sidecar">,
  addresses: readonly string[],
): PlacedSettings {
  const scheme = image.sidecar === undefined ? "http" : "https";
  return withUpstream(settings, image, {
    // Its path is there without a copy too: who asks is to come again, not to look elsewhere.
    ...(addresses.length === 0
      ? { absent: true }
      : { urls: addresses.map((address) => `${scheme}://${address}`) }),
    host: "client",
    ...(image.sidecar === undefined ? undefined : { tls: { unit: image.name } }),
  });
}

/** Settings of a gateway with the way to an image whose sidecars are looked for; with `isSecure` they prove to be its. */
export function withFoundImage(
  settings: GatewaySettings,
  image: Pick<ForeignImage, "domain" | "name">,
  discovery: DiscoverySettings,
  isSecure: boolean,
): PlacedSettings {
  return withUpstream(settings, image, {
    discovery: { ...discovery, scheme: isSecure ? "https" : "http" },
    host: "client",
    ...(isSecure ? { tls: { unit: image.name } } : undefined),
  });
}

type PlacedSettings = GatewaySettings & Readonly<Record<string, unknown>>;

function withUpstream(
  settings: GatewaySettings,
  image: Pick<ForeignImage, "domain" | "name">,
  upstream: UpstreamSettings,
): PlacedSettings {
  const { routes = [], upstreams = {} } = settings;
  return {
    ...settings,
    upstreams: { [image.name]: upstream, ...upstreams },
    routes: [...routes, routeOf(image)],
  };
}

function routeOf({ domain, name }: Pick<ForeignImage, "domain" | "name">): RouteSettings {
  const to = { upstream: name };
  if (domain !== undefined) return { host: domain, path: "/*", to };
  // It does not know that it lies below a path of somebody else's.
  return { path: `/${name}/*`, to, rewrite: { prefix: "/" } };
}
