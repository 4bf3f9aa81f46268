import type { AuthenticationMethod } from "./authentication/authentication.ts";
import type { CompressionSettings } from "./compression.ts";
import type { CorsSettings } from "./cors.ts";
import type { RateLimit } from "./limits.ts";
import type { Maintenance } from "./maintenance.ts";
import type { RouteSettings } from "./routes.ts";
import type { GatewayTls } from "./tls.ts";
import type { TrustedProxies } from "./trusted-proxies.ts";
import type { UpstreamSettings } from "./upstreams.ts";

/**
 * How one gateway treats its clients, as plain JSON: it travels in the placement, so that gateways take a new one over while
 * they run. It holds no secret: what is secret lies in files that it names.
 */
export interface GatewaySettings {
  /** Foreign HTTP services, by the name that routes use. */
  readonly upstreams?: Readonly<Record<string, UpstreamSettings>>;
  /** Where requests go that no contract answers, or that are moved from a foreign service to one of the app. */
  readonly routes?: readonly RouteSettings[];
  readonly trustedProxies?: TrustedProxies;
  /** For all routes; `/health` goes on answering. */
  readonly maintenance?: Maintenance;
  /** How clients prove who they are; each request is judged by the one method whose credentials it brings. Default: `[tokens()]`. */
  readonly authentication?: readonly AuthenticationMethod[];
  /** Serves `https` in the place of `http`. */
  readonly tls?: GatewayTls;
  /** HTTP/2 beside HTTP/1.1. Default with `tls`: true, by ALPN. Without it: false; true serves clients that begin with it (prior knowledge). */
  readonly http2?: boolean;
  /** How often clients may send requests. Default: no limits. */
  readonly limits?: readonly RateLimit[];
  /** Which pages of other origins may read answers. Default: none. */
  readonly cors?: CorsSettings;
  /** How answers are compressed (brotli, gzip). Default: on. */
  readonly compression?: boolean | CompressionSettings;
  /** Headers of every answer, over those that the gateway sets by itself. Names in small letters. */
  readonly headers?: Readonly<Record<string, string>>;
}
