import type { IncomingMessage, ServerResponse } from "node:http";
import { Inbound, PrincipalVerifier, type PublicKey } from "@kerf/call";
import {
  createHttpEdge,
  type HttpListener,
  listenHttp,
  problemOf,
  RouteTable,
  sendAnswer,
} from "@kerf/call/http";
import { describeContract } from "@kerf/contract";
import { platform } from "@kerf/control-api";
import { type Clock, KerfError, newTrace, type Principal, type TimerWheel } from "@kerf/kernel";
import type { Logger } from "@kerf/telemetry";
import { checkOrigin, checkToken } from "./guard.ts";
import type { platformOperations } from "./operations.ts";

/** Who calls the control API: whoever holds its token. */
export const operator: Principal = { subject: "operator", claims: {} };

/**
 * A port that is free now: `port` itself, or any for 0. Throws `start_failed`, saying who has it, when it is taken; what a
 * gateway needs is looked at before anything is started.
 */
export async function freePort(host: string, port: number): Promise<number> {
  const handler = (_request: IncomingMessage, response: ServerResponse): void =>
    void response.destroy();
  const listener = await listening("--port or PORT", { host, port, handler });
  await listener.close();
  return listener.port;
}

/** Serves the control API on the loopback interface. Throws `start_failed`, saying who has the port. */
export async function listenApi(options: {
  port: number;
  token: string;
  environment: string;
  operations: ReturnType<typeof platformOperations>;
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
    services: [{ contract: platform, operations: options.operations }],
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
      checkToken(request, options.token);
      return { principal: operator, principalToken: await options.signPrincipal(operator) };
    },
    send: (call) =>
      call.description.kind === "stream" ? inbound.stream(call) : inbound.call(call),
    caller: "operator",
    clock,
    wheel,
    log,
    draining: options.draining,
  });
  const listener: HttpListener = await listening("--platform-port or KERF_PLATFORM_PORT", {
    host: "127.0.0.1",
    port: options.port,
    handler: (request, response) => {
      if (isLocal(request, response, listener.port, clock)) edge(request, response);
    },
  });
  return listener;
}

/** Listens; what is wrong with the port is told with the name of its setting. */
async function listening(
  setting: string,
  options: Parameters<typeof listenHttp>[0],
): Promise<HttpListener> {
  try {
    return await listenHttp(options);
  } catch (cause) {
    if (!(cause instanceof KerfError)) throw cause;
    const { code, message, why, fix, data } = cause;
    throw new KerfError(code, {
      message,
      why,
      fix: `${fix} It is set by ${setting}.`,
      data,
      cause,
    });
  }
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
