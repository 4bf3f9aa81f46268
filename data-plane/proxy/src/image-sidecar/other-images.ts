import type { IncomingMessage, ServerResponse } from "node:http";
import type { Snapshot, WorkloadIdentity } from "@kerf/call";
import { createHttpEdge, RequestSpans, RouteTable } from "@kerf/call/http";
import { KerfError } from "@kerf/kernel";
import type { GatewaySettings } from "@kerf/service";
import type { Tracing } from "@kerf/telemetry";
import { type Traffic, TrafficKeeper } from "../routes/traffic.ts";
import type { TrafficParts } from "../upstreams/upstream.ts";

/** What the way to other images is made of. */
export interface OtherImagesOptions {
  readonly image: string;
  readonly snapshot: () => Snapshot | undefined;
  readonly identity: () => WorkloadIdentity | undefined;
  readonly parts: TrafficParts;
  readonly tracing: Pick<Tracing, "recorder">;
}

/** The images among those that an image uses: they have no contract, so that a request goes as it is to the sidecar of one of their copies. */
export function usedImages(snapshot: Snapshot | undefined, image: string): string[] {
  const { contracts = [], uses = [] } = snapshot?.services[image] ?? {};
  return uses.filter((name) => !contracts.some((contract) => contract.name === name));
}

/** The way from the program of one image to those of others: as a gateway reaches them, by mutual TLS to the sidecar that proves to be theirs. */
export class OtherImages {
  readonly #options: OtherImagesOptions;
  readonly #keeper: TrafficKeeper;
  readonly #edge: (request: IncomingMessage, response: ServerResponse) => void;
  #known: { readonly of: Snapshot | undefined; readonly traffic: Traffic | undefined } | undefined;
  #settings = "";

  constructor(options: OtherImagesOptions) {
    const { identity, image, parts, tracing } = options;
    this.#options = options;
    this.#keeper = new TrafficKeeper(image, { ...parts, identity });
    const noRoutes = new RouteTable([]);
    const { clock, log, wheel } = parts;
    this.#edge = createHttpEdge({
      routes: () => noRoutes,
      foreign: { match: (...asked) => this.#traffic()?.match(...asked) },
      authenticate: () => ({}),
      send: () => Promise.reject(new Error("an image has no operations")),
      caller: image,
      clock,
      wheel,
      log,
      spans: tracing.recorder && new RequestSpans(tracing.recorder, image),
    });
  }

  /** Passes a request on to the image `name`; `target`: path and query there. Throws `unavailable` when no copy of it runs. */
  forward(
    request: IncomingMessage,
    response: ServerResponse,
    { name, target }: { readonly name: string; readonly target: string },
  ): void {
    if (this.#traffic()?.upstreams.has(name) !== true) throw nobody(name);
    request.url = target;
    // By which the route is found; its program is told the same name.
    request.headers.host = name;
    this.#edge(request, response);
  }

  stop(): void {
    this.#keeper.stop();
  }

  /** For the placement of now. */
  #traffic(): Traffic | undefined {
    const snapshot = this.#options.snapshot();
    if (this.#known !== undefined && this.#known.of === snapshot) return this.#known.traffic;
    const settings = settingsOf(snapshot, this.#options.image);
    const text = JSON.stringify(settings);
    let traffic = this.#known?.traffic;
    if (text !== this.#settings) {
      traffic = this.#keeper.prepare(settings);
      this.#keeper.use(traffic);
      this.#settings = text;
    }
    this.#known = { of: snapshot, traffic };
    return traffic;
  }
}

/** One upstream and one route for each image, by its name as the host. */
function settingsOf(snapshot: Snapshot | undefined, image: string): GatewaySettings {
  const found = usedImages(snapshot, image).flatMap((name) => {
    const urls = (snapshot?.units[name]?.instances ?? [])
      .filter(({ address, state }) => state === "ready" && address.startsWith("tcp:"))
      .map(({ address }) => `https://${address.slice("tcp:".length)}`);
    return urls.length === 0 ? [] : [{ name, urls }];
  });
  return {
    upstreams: Object.fromEntries(
      found.map(({ name, urls }) => [name, { urls, host: "client", tls: { unit: name } }]),
    ),
    routes: found.map(({ name }) => ({ host: name, path: "/*", to: { upstream: name } })),
  };
}

function nobody(name: string): KerfError {
  return new KerfError("unavailable", {
    message: `No copy of the image ${name} runs.`,
    why: "All of them are being started again, or it was removed.",
    fix: "See how it stands: kerf images",
  });
}
