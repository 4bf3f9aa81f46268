// The boundary between HTTP and the call path: requests become calls, answers and errors become HTTP again. Used by
// gateways and by the platform's own API.
export { type Answer, securityHeaders, sendAnswer } from "./answer.ts";
export { parseJson } from "./body.ts";
export {
  createHttpEdge,
  type EdgeCall,
  type EdgeLimits,
  type HttpEdgeOptions,
  type Identity,
} from "./edge.ts";
export { type Problem, type ProblemAnswer, type ProblemPlace, problemOf } from "./problem.ts";
export { type Route, type RouteMatch, RouteTable } from "./route-table.ts";
export { type HttpListener, type HttpServerLimits, listenHttp } from "./server.ts";
