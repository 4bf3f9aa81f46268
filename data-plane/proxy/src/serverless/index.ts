// Boundary: one service behind a function of the Fetch standard, for platforms that run functions: what a gateway and a unit do to a request, in one process.
export { fetchHandler, type FetchHandler, type FetchHandlerOptions } from "./fetch-handler.ts";
export type { GivenValue } from "./given-value.ts";
export { type LambdaAnswer, type LambdaEvent, lambdaHandler } from "./lambda-handler.ts";
