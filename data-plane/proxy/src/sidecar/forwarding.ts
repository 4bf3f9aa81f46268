import type { IncomingMessage } from "node:http";
import { clientRequest } from "@kerf/call/http";
import { type HttpRoute, type Operation, parseHttpRoute } from "@kerf/contract";
import { type CallContext, type Clock, deadlineExceeded, KerfError } from "@kerf/kernel";
import type { EventArgs, ExternalService, Forwarding, HandlerArgs } from "@kerf/service";
import { formatTraceparent } from "@kerf/telemetry";
import type { CallsUnderWay } from "./calls-under-way.ts";
import { bodyOf, type ProgramClient } from "./program-client.ts";
import { errorOfAnswer } from "./program-error.ts";
import { itemsOfAnswer } from "./program-stream.ts";

/**
 * How long the program may take over one event, milliseconds: the transaction that marks it as applied stays open meanwhile, and
 * ends by itself after 15 s (`framework/events`: the consumer's transaction).
 */
const eventMs = 5_000;

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

    async event(producer, name, { event, trace }) {
      const over = new AbortController();
      const timer = clock.after(eventMs, () =>
        over.abort(deadlineExceeded(`the program applied ${producer}.${name}`)),
      );
      try {
        const answer = await client.send({
          method: "POST",
          target: `/events/${producer}/${name}`,
          body: JSON.stringify(event.payload),
          signal: over.signal,
          headers: {
            ...common(),
            ...eventHeaders(producer, event),
            traceparent: formatTraceparent(trace),
          },
        });
        if (!succeeded(answer)) throw await errorOfAnswer(answer, undefined, over.signal);
        await bodyOf(answer, over.signal);
      } finally {
        timer.cancel();
      }
    },
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

/** A CloudEvent in HTTP's binary mode (CloudEvents 1.0, HTTP protocol binding 3.1). */
function eventHeaders(
  producer: string,
  event: EventArgs<any, any, any>["event"],
): Record<string, string> {
  return {
    "ce-specversion": "1.0",
    "ce-id": event.id,
    "ce-source": `/${producer}`,
    "ce-type": `${producer}.${event.name}`,
    "ce-subject": encodeURIComponent(event.key),
    "ce-time": event.at,
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
