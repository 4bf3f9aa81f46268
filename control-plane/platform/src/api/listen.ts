import type { IncomingMessage, ServerResponse } from "node:http";
import { Inbound, PrincipalVerifier, type PublicKey } from "@kerf/call";
import {
  createHttpEdge,
  type HttpListener,
  problemOf,
  RouteTable,
  sendAnswer,
} from "@kerf/call/http";
import { describeContract } from "@kerf/contract";
import { platform } from "@kerf/control-api";
import { type Clock, newTrace, type Principal, type TimerWheel } from "@kerf/kernel";
import type { Logger } from "@kerf/telemetry";
import { operatorOf } from "./operator.ts";
import { checkOrigin, checkToken } from "./guard.ts";
import { type ApiSurroundings, platformOperations } from "./operations.ts";
import { apiPortSetting, listenOnPort } from "./ports.ts";

/** Serves the control API on the loopback interface. Throws `start_failed`, saying who has the port. */
export async function listenApi(options: {
  port: number;
  token: string;
  environment: string;
  /** What the operations work on. */
  surroundings: ApiSurroundings;
  /** Checks the operator's principal, which {@link signPrincipal} signed. */
  principalKey: PublicKey;
  signPrincipal(principal: Principal): Promise<string> | string;
  clock: Clock;
  wheel: TimerWheel;
  log: Logger;
  draining: AbortSignal;
}): Promise<HttpListener> {
  const { clock, wheel, log } = options;
  const inbound = new Inbound({
    services: [{ contract: platform, operations: platformOperations(options.surroundings) }],
    clock,
    wheel,
    log,
    checked: false,
    mayCall: (caller) => caller === "operator",
    principals: new PrincipalVerifier(() => [options.principalKey], {
      environment: options.environment,
      clock,
    }),
  });
  const routes = new RouteTable([describeContract(platform)]);
  const edge = createHttpEdge({
    routes: () => routes,
    authenticate: async (request) => {
      const holder = checkToken(request, options.token, options.surroundings.tokens);
      const principal = operatorOf(request, holder);
      return { principal, principalToken: await options.signPrincipal(principal) };
    },
    send: (call) =>
      call.description.kind === "stream" ? inbound.stream(call) : inbound.call(call),
    caller: "operator",
    clock,
    wheel,
    log,
    draining: options.draining,
  });
  const listener: HttpListener = await listenOnPort(apiPortSetting, {
    host: "127.0.0.1",
    port: options.port,
    handler: (request, response) => {
      if (isLocal(request, response, listener.port, clock)) edge(request, response);
    },
  });
  return listener;
}

/** Refuses, before anything else is looked at, what a browser may have been tricked into sending. */
function isLocal(
  request: IncomingMessage,
  response: ServerResponse,
  port: number,
  clock: Clock,
): boolean {
  try {
    checkOrigin(request, port);
    return true;
  } catch (thrown) {
    const { problem, headers } = problemOf(thrown, { traceId: newTrace().traceId });
    sendAnswer(
      request,
      response,
      {
        status: problem.status,
        headers: { "content-type": "application/problem+json", ...headers },
        body: JSON.stringify(problem),
      },
      clock,
    );
    return false;
  }
}
