import type { IncomingMessage } from "node:http";
import { clientRequest } from "@kerf/call/http";
import { type HttpRoute, type Operation, parseHttpRoute } from "@kerf/contract";
import { type CallContext, type Clock, KerfError } from "@kerf/kernel";
import type { ExternalService, Forwarding, HandlerArgs } from "@kerf/service";
import { formatTraceparent } from "@kerf/telemetry";
import type { CallsUnderWay } from "./calls-under-way.ts";
import { forwardEvents } from "./forward-event.ts";
import { bodyOf, type ProgramClient } from "./program-client.ts";
import { errorOfAnswer } from "./program-error.ts";
import { itemsOfAnswer } from "./program-stream.ts";

/** What the sidecar's half of the conversation is made of. */
export interface ForwardingParts {
  readonly service: ExternalService<any, any>;
  readonly client: ProgramClient;
  readonly calls: CallsUnderWay;
  readonly clock: Clock;
  /** Proves to the program that a request comes from its sidecar. */
  readonly token: string;
}

/** Sends calls and events to the program as plain HTTP. `docs/guides/polyglot.md` says for its author what it gets. */
export function forwardTo(parts: ForwardingParts): Forwarding {
  const { calls, client, clock, service, token } = parts;
  const operations = service.contract.operations as Record<string, Operation>;
  const routes = new Map(
    Object.entries(operations).map(([name, { http }]) => [name, routeOf(name, http)]),
  );
  const common = (): Record<string, string> => ({
    "x-kerf-token": token,
    date: new Date(clock.wall()).toUTCString(),
  });

  const send = (name: string, args: HandlerArgs<any, any, any>, call: string) => {
    const { context, after, signal } = args;
    const { method, target, body } = clientRequest(
      routes.get(name) as HttpRoute,
      args.input,
      `${service.name}.${name}`,
    );
    const headers = { ...common(), ...callHeaders(context), "x-kerf-call": call };
    return client.send({
      method,
      target,
      body: body ?? (method === "GET" || method === "DELETE" ? undefined : "null"),
      signal,
      headers: after === undefined ? headers : { ...headers, "last-event-id": after },
    });
  };

  return {
    operation(name, args) {
      const operation = operations[name] as Operation;
      if (operation.kind !== "stream") {
        return calls.during(args.context, async (id) => {
          const answer = await send(name, args, id);
          return valueOf(answer, operation, args.signal);
        });
      }
      return (async function* () {
        const id = calls.begin(args.context);
        try {
          const answer = await send(name, args, id);
          if (!succeeded(answer)) throw await errorOfAnswer(answer, operation, args.signal);
          yield* itemsOfAnswer(answer, operation, args.signal);
        } finally {
          calls.end(id);
        }
      })();
    },

    event: forwardEvents(client, clock, common),
  };
}

/** The operation's own method and path, or `POST /<operation>`. */
function routeOf(name: string, http: Operation["http"]): HttpRoute {
  const own = http === undefined ? undefined : parseHttpRoute(http, () => {});
  return own ?? { method: "POST", path: `/${name}`, status: 200 };
}

function callHeaders(context: CallContext): Record<string, string> {
  const { caller, idempotencyKey, principal, remainingMs, trace } = context;
  return {
    traceparent: formatTraceparent(trace),
    ...(trace.state === undefined ? undefined : { tracestate: trace.state }),
    ...(Number.isFinite(remainingMs)
      ? { "x-kerf-deadline-ms": String(Math.max(1, Math.floor(remainingMs))) }
      : undefined),
    "x-kerf-caller": caller,
    ...(idempotencyKey === undefined ? undefined : { "idempotency-key": idempotencyKey }),
    ...(principal === undefined
      ? undefined
      : {
          "x-kerf-principal": Buffer.from(
            JSON.stringify({ subject: principal.subject, claims: principal.claims }),
          ).toString("base64url"),
        }),
  };
}

function succeeded({ statusCode = 0 }: IncomingMessage): boolean {
  return statusCode >= 200 && statusCode < 300;
}

async function valueOf(
  answer: IncomingMessage,
  operation: Operation,
  signal: AbortSignal,
): Promise<unknown> {
  if (!succeeded(answer)) throw await errorOfAnswer(answer, operation, signal);
  const body = await bodyOf(answer, signal);
  if (body.length === 0) return undefined;
  try {
    return JSON.parse(body.toString("utf8")) as unknown;
  } catch (cause) {
    throw new KerfError("invalid_output", { message: "The program's answer is not JSON.", cause });
  }
}
