import type { IncomingMessage, ServerResponse } from "node:http";
import type { Snapshot, WorkloadIdentity } from "@kerf/call";
import { KerfError } from "@kerf/kernel";
import type { UpstreamSettings } from "@kerf/service";
import { AnswerCaches } from "../answer-cache/answer-caches.ts";
import { DeclaredRoute } from "../routes/declared-route.ts";
import { AddressSet } from "../upstreams/client-address.ts";
import { UpstreamRegistry } from "../upstreams/registry.ts";
import { Tunnels } from "../upstreams/tunnel.ts";
import type { TrafficParts } from "../upstreams/upstream.ts";
import { type Handle, type ImageEdgeParts, passingEdge } from "./image-edge.ts";

/** What the way to other images is made of. */
export interface OtherImagesOptions extends ImageEdgeParts {
  readonly snapshot: () => Snapshot | undefined;
  /** Who we are to them. */
  readonly identity: () => WorkloadIdentity | undefined;
}

/** The images among those that an image uses: they have no contract, so that a request goes as it is to the sidecar of one of their copies. */
export function usedImages(snapshot: Snapshot | undefined, image: string): string[] {
  const { contracts = [], uses = [] } = snapshot?.services[image] ?? {};
  return uses.filter((name) => !contracts.some((contract) => contract.name === name));
}

/** The way from the program of one image to those of others: as a gateway reaches them, by mutual TLS to the sidecar that proves to be theirs. */
export class OtherImages {
  readonly #options: OtherImagesOptions;
  readonly #parts: TrafficParts;
  readonly #registry: UpstreamRegistry;
  readonly #tunnels = new Tunnels();
  readonly #edge: Handle;
  #known: { readonly of: Snapshot | undefined; readonly places: string } | undefined;
  /** By the names of images that have a copy. */
  #routes: ReadonlyMap<string, DeclaredRoute> = new Map();

  constructor(options: OtherImagesOptions) {
    const { identity, parts } = options;
    this.#options = options;
    this.#parts = { ...parts, identity };
    this.#registry = new UpstreamRegistry(this.#parts);
    this.#edge = passingEdge(options, {
      match: ({ headers }) => this.#routes.get(headers.host ?? ""),
    });
  }

  /** Passes a request on to the image `name`; `target`: path and query there. Throws `unavailable` when no copy of it runs. */
  forward(
    request: IncomingMessage,
    response: ServerResponse,
    { name, target }: { readonly name: string; readonly target: string },
  ): void {
    this.#refresh();
    if (!this.#routes.has(name)) throw nobody(name);
    request.url = target;
    // By which the route is found; its program is told the same name.
    request.headers.host = name;
    this.#edge(request, response);
  }

  stop(): void {
    this.#tunnels.close();
    this.#registry.stop();
    this.#registry.use(new Map());
  }

  /** For the placement of now. */
  #refresh(): void {
    const snapshot = this.#options.snapshot();
    if (this.#known?.of === snapshot) return;
    const { identity, image } = this.#options;
    const settings = upstreamsOf(snapshot, image, identity() !== undefined);
    const places = JSON.stringify(settings);
    const isSame = this.#known?.places === places;
    this.#known = { of: snapshot, places };
    if (isSame) return;
    const upstreams = this.#registry.prepare(settings);
    this.#registry.use(upstreams);
    const around = {
      upstreams,
      trusted: new AddressSet([]),
      tunnels: this.#tunnels,
      caches: new AnswerCaches({}, undefined, this.#parts),
      via: `kerf-${image}`,
      parts: this.#parts,
    };
    this.#routes = new Map(
      Object.keys(settings).map((name) => [
        name,
        new DeclaredRoute({ path: "/*", to: { upstream: name } }, undefined, around),
      ]),
    );
  }
}

/** One upstream for each image that has a copy, or whose copies are looked for; they have to prove to be that image's, unless programs talk in the clear. */
function upstreamsOf(
  snapshot: Snapshot | undefined,
  image: string,
  isProved: boolean,
): Readonly<Record<string, UpstreamSettings>> {
  const found = usedImages(snapshot, image).flatMap((name): [string, UpstreamSettings][] => {
    const discovery = snapshot?.units[name]?.discovery;
    const scheme = isProved ? "https" : "http";
    const shown = { host: "client", ...(isProved ? { tls: { unit: name } } : undefined) } as const;
    if (discovery !== undefined) return [[name, { discovery: { ...discovery, scheme }, ...shown }]];
    const urls = (snapshot?.units[name]?.instances ?? [])
      .filter(({ address, state }) => state === "ready" && address.startsWith("tcp:"))
      .map(({ address }) => `${scheme}://${address.slice("tcp:".length)}`);
    return urls.length === 0 ? [] : [[name, { urls, ...shown }]];
  });
  return Object.fromEntries(found);
}

function nobody(name: string): KerfError {
  return new KerfError("unavailable", {
    message: `No copy of the image ${name} runs.`,
    why: "All of them are being started again, or it was removed.",
    fix: "See how it stands: kerf images",
  });
}
