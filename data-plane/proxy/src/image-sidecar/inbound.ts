import type { WorkloadIdentity } from "@kerf/call";
import type { RequestLoad } from "@kerf/call/host";
import {
  type ForeignRoutes,
  type FrontProtocols,
  type HttpListener,
  listenHttp,
  type OtherProtocol,
  RequestMetrics,
  type ServerTls,
  type Upgrades,
} from "@kerf/call/http";
import type { GatewaySettings } from "@kerf/service";
import type { Tracing } from "@kerf/telemetry";
import { AnswerCaches } from "../answer-cache/answer-caches.ts";
import { DeclaredRoute } from "../routes/declared-route.ts";
import { AddressSet } from "../upstreams/client-address.ts";
import { UpstreamRegistry } from "../upstreams/registry.ts";
import { asksForWebSocket, Tunnels } from "../upstreams/tunnel.ts";
import { type Handle, type ImageEdgeParts, passingEdge } from "./image-edge.ts";
import type { Peers } from "./peers.ts";

/** What the image's program is called as an upstream; what spans name. */
const program = "program";

/** What the way in to an image is made of. */
export interface ImageInboundOptions extends ImageEdgeParts {
  /** `IP:PORT` of its program. */
  readonly program: string;
  readonly peers: Peers;
  readonly load: RequestLoad;
  readonly tracing: Pick<Tracing, "metrics" | "recorder">;
}

/** The way in to an image: mutual TLS from those who may, plain HTTP on to its program, a span for each request. */
export class ImageInbound {
  readonly #tunnels = new Tunnels();
  readonly #registry: UpstreamRegistry;
  readonly #edge: Handle;
  #tls:
    | { readonly of: unknown; readonly authorities: unknown; readonly tls: ServerTls }
    | undefined;

  constructor({ load, peers, program: at, ...of }: ImageInboundOptions) {
    const { image, parts, tracing } = of;
    const settings: GatewaySettings = {
      // Whoever sent the request here asks another copy: what may be repeated is repeated there.
      upstreams: {
        [program]: { urls: [`http://${at}`], host: "client", policies: { attempts: 1 } },
      },
    };
    this.#registry = new UpstreamRegistry(parts);
    const upstreams = this.#registry.prepare(settings.upstreams);
    this.#registry.use(upstreams);
    const route = new DeclaredRoute({ path: "/*", to: { upstream: program } }, undefined, {
      upstreams,
      // Who is let in says who the client is.
      trusted: new AddressSet(["0.0.0.0/0", "::/0"]),
      tunnels: this.#tunnels,
      caches: new AnswerCaches(settings, undefined, parts),
      via: `kerf-${image}`,
      parts,
    });
    const { metrics } = tracing;
    const foreign: ForeignRoutes = {
      match: (request) => {
        peers.assertMaySend(request);
        return route;
      },
    };
    const counted = { load, metrics: metrics && new RequestMetrics(metrics, image) };
    this.#edge = passingEdge(of, foreign, counted);
  }

  /** Listens with the newest certificate at any moment, or in the clear where programs have none. `other`: what is spoken there beside HTTP. */
  listen(
    place: { readonly host: string; readonly port: number },
    identity: WorkloadIdentity | undefined,
    other?: OtherProtocol,
  ): Promise<HttpListener> {
    const upgrade: Upgrades = {
      accepts: asksForWebSocket,
      handler: (request, response, head) => {
        this.#tunnels.offer(request, head);
        this.#edge(request, response);
      },
    };
    const protocols = (): FrontProtocols => ({
      tls: identity && this.#tlsOf(identity),
      other,
    });
    return listenHttp({ ...place, handler: this.#edge, upgrade, protocols });
  }

  /** Ends what is open for as long as both sides like. */
  drain(): void {
    this.#tunnels.close();
  }

  stop(): void {
    this.#registry.stop();
    this.#registry.use(new Map());
  }

  #tlsOf({ authorities, credentials }: WorkloadIdentity): ServerTls {
    if (this.#tls?.of !== credentials || this.#tls.authorities !== authorities)
      this.#tls = {
        of: credentials,
        authorities,
        tls: {
          cert: credentials.certificate,
          key: credentials.key,
          minVersion: "TLSv1.3",
          clientAuthorities: authorities,
          requireClients: true,
        },
      };
    return this.#tls.tls;
  }
}
