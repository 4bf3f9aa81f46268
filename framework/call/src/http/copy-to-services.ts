import type { IncomingMessage, ServerResponse } from "node:http";
import { type CallContext, defaultDeadlineMs, type Trace } from "@kerf/kernel";
import { rootContext } from "../root-context.ts";
import type { Answer } from "./answer.ts";
import type { HttpEdgeOptions } from "./edge.ts";
import { identify } from "./identify.ts";
import { operationAnswer } from "./operation-answer.ts";
import { problemOf } from "./problem.ts";
import { splitTarget } from "./request-path.ts";

/** What the services would answer to a request that is passed on elsewhere; only queries are asked, and nothing of the request is touched. */
export async function copyToServices(
  edge: HttpEdgeOptions,
  request: IncomingMessage,
  response: ServerResponse,
  trace: Trace,
): Promise<Answer | undefined> {
  const { method = "", url = "" } = request;
  const { path, query } = splitTarget(url);
  const match = edge.routes().match(method, path);
  if (!("route" in match) || match.route.description.kind !== "query") return undefined;
  const { route, params } = match;
  const { clock, wheel, caller, limits } = edge;
  let context: CallContext | undefined;
  try {
    const { description, service, operation } = route;
    const identity = await identify(edge, request, response, description.access);
    const input = route.input.read(params, query, undefined);
    const deadlineMs = description.deadlineMs ?? limits?.deadlineMs ?? defaultDeadlineMs;
    context = rootContext({ clock, wheel, deadlineMs, trace, caller, ...identity });
    return operationAnswer(
      route,
      await edge.send({ service, operation, description, input, context, raw: true }),
    );
  } catch (thrown) {
    const place = { traceId: trace.traceId, ...route };
    const { problem } = problemOf(thrown, place);
    return { status: problem.status, headers: {}, body: JSON.stringify(problem) };
  } finally {
    context?.release();
  }
}
