import type { AuthenticationMethod } from "./authentication/authentication.ts";

/**
 * How one gateway treats its clients, as plain JSON: it travels in the placement, so that gateways take a new one over while
 * they run. It holds no secret: what is secret lies in files that it names.
 */
export interface GatewaySettings {
  /** How clients prove who they are; each request is judged by the one method whose credentials it brings. Default: `[tokens()]`. */
  readonly authentication?: readonly AuthenticationMethod[];
}
