import type { IncomingMessage, ServerResponse } from "node:http";
import { type Clock, newTrace } from "@kerf/kernel";
import { sendAnswer } from "./answer.ts";
import { problemOf } from "./problem.ts";

/** Answers a request that belongs to no operation with what was thrown, as a problem document. */
export function sendProblem(
  request: IncomingMessage,
  response: ServerResponse,
  thrown: unknown,
  clock: Clock,
): void {
  const { problem, headers } = problemOf(thrown, { traceId: newTrace().traceId });
  const answer = {
    status: problem.status,
    headers: { "content-type": "application/problem+json", ...headers },
    body: JSON.stringify(problem),
  };
  sendAnswer(request, response, answer, clock);
}
