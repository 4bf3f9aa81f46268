// Boundary: a contract's typed client over HTTP, for browsers and scripts. Needs `fetch` only, nothing of Node.
export { httpClient, type HttpClientOptions } from "@kerf/call/browser";
