/**
 * How one gateway treats its clients, as plain JSON: it travels in the placement, so that gateways take a new one over while
 * they run. It holds no secret: what is secret lies in files that it names.
 */
export interface GatewaySettings {}
