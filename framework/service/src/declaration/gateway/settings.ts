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
}
