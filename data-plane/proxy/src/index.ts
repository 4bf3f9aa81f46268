// The front door of an app: HTTP from clients becomes calls to services. This entry is for tests that run a gateway inside
// of their process, or feed its parser; in production the platform starts the program behind `@kerf/proxy/gateway`.
export { assembleGateway, type GatewayProgram } from "./gateway.ts";
export { sidecar } from "./sidecar/sidecar.ts";
export type { Health } from "./health.ts";
export { MalformedResponse } from "./upstreams/http1/malformed-response.ts";
export { ResponseParser } from "./upstreams/http1/response-parser.ts";
