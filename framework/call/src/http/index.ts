// The boundary between HTTP and the call path: requests become calls, answers and errors become HTTP again. Used by
// gateways and by the platform's own API.
export { type Answer, securityHeaders, sendAnswer } from "./answer.ts";
export {
  announcesBody,
  checkBodyHead,
  defaultMaxBodyBytes,
  readJsonBody,
  readRawBody,
} from "./body.ts";
export { type ClientRequest, clientRequest } from "./client-request.ts";
export { itemsOf } from "./client-stream.ts";
export {
  createHttpEdge,
  type EdgeCall,
  type EdgeLimits,
  type HttpEdgeOptions,
  type Identity,
} from "./edge.ts";
export type { FrontProtocols, OtherProtocol, ServerTls } from "./front.ts";
export type { NamedCertificate } from "./server-names.ts";
export { allowLongUpload } from "./http2/sessions.ts";
export { readPlainHead } from "./http1/plain-head.ts";
export { nodeHttp } from "./node-http.ts";
export { framingFault } from "./request-framing.ts";
export { grpcAnswer, isGrpc } from "./grpc.ts";
export type { ForeignRequest, ForeignRoute, ForeignRoutes, Passed } from "./foreign.ts";
export { type Problem, type ProblemAnswer, type ProblemPlace, problemOf } from "./problem.ts";
export { portTaken } from "./port-taken.ts";
export { sendProblem } from "./send-problem.ts";
export { sharesPorts } from "./shared-ports.ts";
export { pathSegments, splitTarget } from "./request-path.ts";
export { RequestMetrics } from "./request-metrics.ts";
export { RequestSpans } from "./request-spans.ts";
export { type Route, type RouteMatch, RouteTable } from "./route-table.ts";
export { mergeFields, type Shaped, type Shaping, type Verdict } from "./shaping.ts";
export { parseJson } from "../json/parse.ts";
export { type HttpListener, type HttpServerLimits, listenHttp, type Upgrades } from "./server.ts";
export { takesConnections } from "./takes-connections.ts";
export { type EventStream, sendEvents } from "./sse.ts";
