import type { CompressionSettings } from "./compression.ts";
import type { CorsSettings } from "./cors.ts";
import type { RateLimit } from "./limits.ts";

/**
 * How one gateway treats its clients, as plain JSON: it travels in the placement, so that gateways take a new one over while
 * they run. It holds no secret: what is secret lies in files that it names.
 */
export interface GatewaySettings {
  /** How often clients may send requests. Default: no limits. */
  readonly limits?: readonly RateLimit[];
  /**
   * Addresses and networks of the proxies in front, such as `10.0.0.0/8`, whose `X-Forwarded-For` and `X-Forwarded-Proto` are
   * believed. Default: none.
   */
  readonly trustedProxies?: readonly string[];
  /** Which pages of other origins may read answers. Default: none. */
  readonly cors?: CorsSettings;
  /** How answers are compressed (brotli, gzip). Default: on. */
  readonly compression?: boolean | CompressionSettings;
  /** Headers of every answer, over those that the gateway sets by itself. Names in small letters. */
  readonly headers?: Readonly<Record<string, string>>;
}
