import type { IncomingMessage, ServerResponse } from "node:http";
import { Inbound, PrincipalVerifier, type PublicKey } from "@kerf/call";
import { createHttpEdge, type HttpListener, RouteTable, sendProblem } from "@kerf/call/http";
import { describeContract } from "@kerf/contract";
import { platform } from "@kerf/control-api";
import { type Clock, type Principal, type TimerWheel } from "@kerf/kernel";
import type { Logger } from "@kerf/telemetry";
import { servePages } from "../dashboard/pages.ts";
import type { SessionStore } from "../dashboard/session-store.ts";
import { principalOf, sessionOf } from "../dashboard/signed-in.ts";
import { operatorOf } from "./operator.ts";
import { checkOrigin, checkToken } from "./guard.ts";
import { type ApiSurroundings, platformOperations } from "./operations.ts";
import { apiPortSetting, listenOnPort } from "./ports.ts";

/** Serves the control API and the dashboard on the loopback interface. Throws `start_failed`, saying who has the port. */
export async function listenApi(options: {
  port: number;
  token: string;
  environment: string;
  /** What the operations work on. */
  surroundings: ApiSurroundings;
  /** Who is signed in to the dashboard. */
  sessions: SessionStore;
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
  const { sessions, surroundings, token } = options;
  // Whoever sends a bearer token is taken at it, whatever cookie a browser adds.
  const principalIn = (request: IncomingMessage): Principal =>
    request.headers.authorization === undefined && request.headers.cookie !== undefined
      ? principalOf(sessionOf(request, listener.port, sessions, surroundings.tokens))
      : operatorOf(request, checkToken(request, token, surroundings.tokens));
  const routes = new RouteTable([describeContract(platform)]);
  const edge = createHttpEdge({
    routes: () => routes,
    authenticate: async (request) => {
      const principal = principalIn(request);
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
  const pages = servePages({
    port: () => listener.port,
    sessions,
    tokens: surroundings.tokens,
    clock,
    log,
    signal: options.draining,
  });
  const listener: HttpListener = await listenOnPort(apiPortSetting, {
    host: "127.0.0.1",
    port: options.port,
    handler: (request, response) => {
      if (!isLocal(request, response, listener.port, clock)) return;
      if (request.url?.startsWith("/api/") === true) edge(request, response);
      else pages(request, response);
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
    sendProblem(request, response, thrown, clock);
    return false;
  }
}
