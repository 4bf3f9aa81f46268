import type { IncomingMessage, ServerResponse } from "node:http";
import { type Caller, rootContext } from "@kerf/call";
import {
  checkBodyHead,
  defaultMaxBodyBytes,
  readJsonBody,
  type Route,
  type RouteTable,
  sendAnswer,
  sendEvents,
  type Problem,
  problemOf,
  splitTarget,
} from "@kerf/call/http";
import { type CallOptions, describeContract } from "@kerf/contract";
import { type CallContext, type Clock, KerfError, type TimerWheel, type Trace } from "@kerf/kernel";
import { usesOf } from "@kerf/service";
import type { AnyService } from "@kerf/service";
import { callableTables } from "./callable-tables.ts";

type ClientCall = (input: unknown, options: CallOptions) => unknown;

/** One service that the program may call. */
interface Callee {
  readonly bind: (context: CallContext) => Readonly<Record<string, ClientCall>>;
  /** By the operations' own methods and paths, then by `POST /<operation>`. */
  readonly tables: readonly RouteTable[];
}

/** A request of the program, as far as it was understood. */
export interface OutboundRequest {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly service: string;
  /** Path and query within the service. */
  readonly target: string;
  readonly trace: Trace;
  /** The call that the program makes it for. */
  readonly parent: CallContext | undefined;
  /** How long the program gives it, milliseconds. */
  readonly deadlineMs: number | undefined;
}

/** The calls of a program to the services that its declaration names: over HTTP to here, over the call path from here on. */
export class OutboundCalls {
  readonly #service: string;
  readonly #clock: Clock;
  readonly #wheel: TimerWheel;
  readonly #callees: ReadonlyMap<string, Callee>;

  constructor(options: { service: AnyService; caller: Caller; clock: Clock; wheel: TimerWheel }) {
    const { caller, clock, service, wheel } = options;
    this.#service = service.name;
    this.#clock = clock;
    this.#wheel = wheel;
    this.#callees = new Map(
      usesOf(service).map(({ contract, optional }) => [
        contract.name,
        {
          bind: caller.bind(contract, { caller: service.name, optional }) as Callee["bind"],
          tables: callableTables(describeContract(contract)),
        },
      ]),
    );
  }

  /** Names of the services that can be called. */
  get names(): ReadonlySet<string> {
    return new Set(this.#callees.keys());
  }

  /** Carries out one call and answers it; rejects with what is wrong before the head of the answer is out. */
  async run(asked: OutboundRequest): Promise<void> {
    const { request, response, service, parent, trace } = asked;
    const callee = this.#callees.get(service) as Callee;
    const { route, params } = matched(callee, asked);

    // Its limits by the head alone, as at every edge.
    const maxBytes = route.description.maxBodyBytes ?? defaultMaxBodyBytes;
    if (route.input.takesBody) checkBodyHead(request, maxBytes);
    const body = route.input.takesBody ? await readJsonBody(request, maxBytes) : undefined;
    const input = route.input.read(params, splitTarget(asked.target).query, body);

    // In the name of the call that it belongs to; on its own when it belongs to none.
    const context = parent ?? this.#ownContext(trace);
    const leaving = new AbortController();
    response.once("close", () => leaving.abort());
    try {
      const answer = callee.bind(context)[route.operation]?.(input, {
        trace,
        signal: leaving.signal,
        ...optionsOf(asked, route),
      });
      if (route.description.kind === "stream") await this.#stream(asked, route, context, answer);
      else this.#answer(asked, route, await (answer as Promise<unknown>));
    } finally {
      if (parent === undefined) context.release();
    }
  }

  #ownContext(trace: Trace): CallContext {
    return rootContext({
      clock: this.#clock,
      wheel: this.#wheel,
      // Each call has its own; without an inbound call nothing bounds them together.
      deadlineMs: Number.POSITIVE_INFINITY,
      trace,
      caller: this.#service,
    });
  }

  #answer({ request, response, trace }: OutboundRequest, route: Route, value: unknown): void {
    const headers = { "x-trace-id": trace.traceId };
    const answer =
      value === undefined
        ? { status: 204, headers }
        : {
            status: route.status === 204 ? 200 : route.status,
            headers: { ...headers, "content-type": "application/json; charset=utf-8" },
            body: JSON.stringify(value),
          };
    sendAnswer(request, response, answer, this.#clock);
  }

  async #stream(
    { request, response, trace, service }: OutboundRequest,
    route: Route,
    context: CallContext,
    answer: unknown,
  ): Promise<void> {
    await sendEvents({
      response,
      items: answer as AsyncIterable<unknown>,
      context,
      clock: this.#clock,
      cursor: route.description.cursor,
      resumed: request.headers["last-event-id"] !== undefined,
      headOnly: false,
      headers: { "x-trace-id": trace.traceId },
      problem: (thrown): Problem =>
        problemOf(thrown, { traceId: trace.traceId, service, description: route.description })
          .problem,
    });
  }

  /** What a request was for, for its problem. */
  describe(service: string, asked: Pick<OutboundRequest, "request" | "target">): Route | undefined {
    const callee = this.#callees.get(service);
    return callee === undefined ? undefined : find(callee, asked)?.route;
  }
}

function optionsOf({ request, deadlineMs }: OutboundRequest, route: Route): CallOptions {
  const key = text(request.headers["idempotency-key"]);
  const after = text(request.headers["last-event-id"]);
  const bound = deadlineMs ?? route.description.deadlineMs;
  return {
    ...(bound === undefined ? undefined : { deadlineMs: bound }),
    ...(key === undefined || route.description.kind !== "command"
      ? undefined
      : { idempotencyKey: key }),
    ...(after === undefined || route.description.kind !== "stream" ? undefined : { after }),
  };
}

function find(callee: Callee, { request, target }: Pick<OutboundRequest, "request" | "target">) {
  const { path } = splitTarget(target);
  for (const table of callee.tables) {
    const match = table.match(request.method ?? "", path);
    if ("route" in match) return match;
  }
  return undefined;
}

function matched(callee: Callee, asked: OutboundRequest) {
  const match = find(callee, asked);
  if (match !== undefined) return match;
  const operations = callee.tables[1]?.routes.map(({ operation }) => operation) ?? [];
  throw new KerfError("unknown_operation", {
    message: `${asked.service} has no operation at ${asked.request.method} ${splitTarget(asked.target).path}.`,
    why: `It has ${operations.join(", ")}.`,
    fix: "Send POST /OPERATION with the input as JSON, or the operation's own method and path.",
  });
}

/** The value of a header that must come once. */
function text(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}
