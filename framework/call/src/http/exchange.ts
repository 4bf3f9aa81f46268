import type { IncomingMessage, ServerResponse } from "node:http";
import { type CallContext, defaultDeadlineMs, KerfError, type Trace } from "@kerf/kernel";
import { continueTrace, type Fields, formatTraceparent } from "@kerf/telemetry";
import type { RawJson } from "../json/raw-json.ts";
import type { KeptAnswer } from "../policies/query-cache.ts";
import { rootContext } from "../root-context.ts";
import { type Answer, sendAnswer } from "./answer.ts";
import { cacheable, unlessUnchanged } from "./caching.ts";
import { copyToServices } from "./copy-to-services.ts";
import { checkBodyHead, defaultMaxBodyBytes, readRawBody } from "./body.ts";
import type { HttpEdgeOptions, Identity } from "./edge.ts";
import type { ForeignRoute } from "./foreign.ts";
import { identify } from "./identify.ts";
import { operationAnswer } from "./operation-answer.ts";
import { optionsAnswer, preflightAnswer } from "./options-answer.ts";
import { type Problem, type ProblemPlace, problemOf } from "./problem.ts";
import { type EndedRequest, tellOfEnd } from "./request-end.ts";
import { screenHeaders } from "./request-headers.ts";
import { splitTarget } from "./request-path.ts";
import { grpcAnswer, isGrpc } from "./grpc.ts";
import { clientKey } from "./idempotency-header.ts";
import type { Route } from "./route-table.ts";
import { mergeFields, type Shaping } from "./shaping.ts";
import { endAtOnce, sendEvents } from "./sse.ts";
import { unmatched } from "./unmatched.ts";

/** Longest stream, milliseconds: an hour, after which the client resumes from its cursor. */
const defaultStreamDeadlineMs = 3_600_000;

/** What browsers may ask of a foreign route that names no methods. */
const anyMethod = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];

/** One request and its answer. */
export class Exchange implements EndedRequest {
  readonly edge: HttpEdgeOptions;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly #streams: Set<CallContext>;
  readonly startedAt: number;
  readonly trace: Trace;
  /** Of every answer to this request, refusals included. */
  readonly #headers: Record<string, string>;
  readonly #shaping: Shaping | undefined;
  route: Route | undefined;
  foreign: ForeignRoute | undefined;
  upstream: string | undefined;
  #observe: ((answer: Answer) => void) | undefined;
  #allow: readonly string[] | undefined;
  #identity: Identity | undefined;
  #params: Readonly<Record<string, string>> = {};
  #context: CallContext | undefined;
  failure: Fields = {};

  constructor(
    edge: HttpEdgeOptions,
    request: IncomingMessage,
    response: ServerResponse,
    streams: Set<CallContext>,
  ) {
    this.edge = edge;
    this.request = request;
    this.response = response;
    this.#streams = streams;
    this.startedAt = edge.clock.now();
    edge.load?.entered();
    this.#shaping = edge.shaping?.();
    const { traceparent, tracestate } = request.headers;
    this.trace =
      edge.sampler?.enter(text(traceparent), text(tracestate)) ??
      continueTrace(text(traceparent), text(tracestate));
    this.#headers = {
      "x-trace-id": this.trace.traceId,
      traceresponse: formatTraceparent(this.trace),
      ...this.#shaping?.fields(request),
    };
    response.once("close", () => this.#over());
  }

  /** The way of a request, in order, with the reason for each position. */
  async run(): Promise<void> {
    try {
      // The trace was continued before anything else, so that every answer, refusals included, can be found by it.

      // Headers: nothing after this line can see what only the platform may say, or read a header in two ways.
      screenHeaders(this.request);

      // Foreign: what is declared for a path goes before the contracts' routes where it is more specific, or decides about them.
      // Limits by address come before its credentials, those by user before its body, as below.
      if (this.#matchForeign()) {
        const preflight = preflightAnswer(
          this.request,
          this.#shaping,
          this.foreign?.methods ?? anyMethod,
        );
        if (preflight !== undefined) return this.#send(preflight);
        this.#admit(undefined, this.foreign, undefined);
        if (await this.#pass(this.foreign as ForeignRoute)) return;
      }

      // Route: what does not exist costs no cryptography and no body.
      const route = this.#match();
      if (!("description" in route)) return this.#send(route);

      // Limit by address: guessing credentials has a price as well.
      this.#admit(route, this.foreign, undefined);

      // Authenticate: who may not call cannot make us read a body.
      const proven = identify(this.edge, this.request, this.response, route.description.access);
      const identity = proven instanceof Promise ? await proven : proven;
      this.#identity = identity;

      // Limit by user: whoever is over it cannot make us read a body either.
      this.#admit(route, this.foreign, identity);

      // Limits: by the head alone, before a byte of the body is read.
      const maxBytes =
        route.description.maxBodyBytes ?? this.edge.limits?.maxBodyBytes ?? defaultMaxBodyBytes;
      if (route.input.takesBody) checkBodyHead(this.request, maxBytes);

      // Input: from here on the request is like any other call. A body that is all of it goes on as it came: who answers it reads it.
      const read = this.#input(route, maxBytes);
      const input = read instanceof Promise ? await read : read;

      // Call: the deadline starts here, since a slow upload has its own bound in the server.
      const context = this.#begin(route, identity);
      if (route.description.kind === "stream" && this.edge.draining?.aborted === true)
        return endAtOnce(this.response, this.#headers);
      let kept: KeptAnswer | undefined;
      const answer = this.edge.send({
        service: route.service,
        operation: route.operation,
        description: route.description,
        input,
        context,
        after: text(this.request.headers["last-event-id"]),
        idempotencyKey: clientKey(this.request, route.description.kind),
        kept: isRead(this.request) ? (how) => (kept = how) : undefined,
        raw: true,
      });

      // Answer: JSON, or events for a stream; nothing but the news that it is the same for who has it.
      if (route.description.kind === "stream") await this.#events(route, context, answer);
      else this.#send(this.#kept(operationAnswer(route, await answer), route, kept));
    } catch (thrown) {
      this.#refuse(thrown);
    }
  }

  /** Whether a foreign route has this request. @throws KerfError when nothing is let through */
  #matchForeign(): boolean {
    const edge = this.edge;
    const { method = "", url = "" } = this.request;
    this.foreign = edge.foreign?.match(this.request, splitTarget(url).path, (path) => {
      const match = edge.routes().match(method, path);
      return "route" in match ? match.route : undefined;
    });
    return this.foreign !== undefined;
  }

  /** Passes the request on; false when the services shall answer it. */
  async #pass(foreign: ForeignRoute): Promise<boolean> {
    const identity =
      foreign.access === "user"
        ? await identify(this.edge, this.request, this.response, "user")
        : {};
    const passed = await foreign.pass({
      request: this.request,
      response: this.response,
      trace: this.trace,
      headers: this.#headers,
      principal: identity.principal,
      admit: () => this.#admit(undefined, foreign, identity),
      upstream: (name) => (this.upstream = name),
      services: () => copyToServices(this.edge, this.request, this.response, this.trace),
    });
    if (passed === true) return true;
    this.#observe = passed.observe;
    return false;
  }

  /** The route, or the answer to a request that none answers but that is no mistake. */
  #match(): Route | Answer {
    const { method = "", url = "" } = this.request;
    const table = this.edge.routes();
    if (method === "OPTIONS" && url === "*") return optionsAnswer(table.methods);
    const match = table.match(method, splitTarget(url).path);
    if ("route" in match) {
      this.route = match.route;
      this.#params = match.params;
      return match.route;
    }
    if ("methodNotAllowed" in match) {
      this.#allow = match.methodNotAllowed;
      if (method === "OPTIONS") {
        return (
          preflightAnswer(this.request, this.#shaping, this.#allow) ?? optionsAnswer(this.#allow)
        );
      }
    }
    throw unmatched(match, method);
  }

  /** @throws KerfError `rate_limited` */
  #admit(
    route: Route | undefined,
    foreign: ForeignRoute | undefined,
    identity: Identity | undefined,
  ): void {
    const verdict = this.#shaping?.admit(this.request, {
      route,
      foreign: foreign?.path,
      identity,
    });
    if (verdict === undefined) return;
    mergeFields(this.#headers, verdict.headers);
    if (verdict.refusal !== undefined) throw verdict.refusal;
  }

  /** A promise of it where the body has not arrived. */
  #input(route: Route, maxBytes: number): unknown {
    const request = this.request;
    const read = (body: RawJson | undefined): unknown =>
      route.input.read(this.#params, splitTarget(request.url ?? "").query, body);
    if (!route.input.takesBody) return read(undefined);
    if (request.headers.expect !== undefined) this.response.writeContinue();
    const body = readRawBody(request, maxBytes);
    return body instanceof Promise ? body.then(read) : read(body);
  }

  #begin(route: Route, identity: Identity): CallContext {
    const { clock, wheel, caller, limits } = this.edge;
    const isStream = route.description.kind === "stream";
    const fallback = isStream
      ? (limits?.streamDeadlineMs ?? defaultStreamDeadlineMs)
      : (limits?.deadlineMs ?? defaultDeadlineMs);
    this.#context = rootContext({
      clock,
      wheel,
      deadlineMs: route.description.deadlineMs ?? fallback,
      trace: this.trace,
      caller,
      principal: identity.principal,
      principalToken: identity.principalToken,
    });
    if (this.response.destroyed) throw this.#leave();
    if (isStream) {
      this.#streams.add(this.#context);
      this.edge.load?.opened();
    }
    return this.#context;
  }

  /** What is kept says for how long and for whom; not when a cookie goes with it, which is for one client. */
  #kept(answer: Answer, { description }: Route, kept: KeptAnswer | undefined): Answer {
    if (kept === undefined || answer.status !== 200 || this.response.hasHeader("set-cookie"))
      return answer;
    return unlessUnchanged(this.request, cacheable(answer, kept, description.access));
  }

  async #events(route: Route, context: CallContext, answer: unknown): Promise<void> {
    await sendEvents({
      response: this.response,
      items: answer as AsyncIterable<unknown>,
      context,
      clock: this.edge.clock,
      cursor: route.description.cursor,
      resumed: this.request.headers["last-event-id"] !== undefined,
      headOnly: this.request.method === "HEAD",
      headers: this.#headers,
      problem: (thrown) => this.#problem(thrown).problem,
    });
  }

  #send(answer: Answer): void {
    this.#observe?.(answer);
    const headers = mergeFields(this.#headers, answer.headers);
    const whole: Answer = { status: answer.status, headers, body: answer.body };
    const finished = this.#shaping?.finish(this.request, whole, this.#identity) ?? whole;
    const send = (last: Answer): void =>
      sendAnswer(this.request, this.response, last, this.edge.clock);
    if (finished instanceof Promise) void finished.then(send);
    else send(finished);
  }

  #refuse(thrown: unknown): void {
    const { problem, headers } = this.#problem(thrown);
    // Part of an answer is out already: only a connection that breaks off says that it is not complete.
    if (this.response.headersSent) return void this.response.destroy();
    this.#send(
      isGrpc(this.request)
        ? grpcAnswer(problem, headers)
        : {
            status: problem.status,
            headers: { "content-type": "application/problem+json", ...headers },
            body: JSON.stringify(problem),
          },
    );
  }

  #problem(thrown: unknown): { problem: Problem; headers: Readonly<Record<string, string>> } {
    const place: ProblemPlace = {
      traceId: this.trace.traceId,
      service: this.route?.service,
      description: this.route?.description,
      credentials: this.request.headers.authorization !== undefined,
      allow: this.#allow,
    };
    const answer = problemOf(thrown, place);
    this.failure = { code: answer.problem.code };
    // The client learns the trace id only; the log line of this request is what it leads to.
    if (answer.problem.status >= 500) this.failure = { ...this.failure, error: thrown };
    return answer;
  }

  /** The connection is done with this answer, or gone before it: ends the call. */
  #over(): void {
    const response = this.response;
    const left = !response.writableFinished;
    if (left) this.#leave();
    const context = this.#context;
    context?.release();
    const stream = context !== undefined && this.#streams.delete(context);
    tellOfEnd(this, left, stream);
  }

  #leave(): KerfError {
    const reason = new KerfError("cancelled", "The client left before the answer.");
    this.#context?.cancel(reason);
    return reason;
  }
}

/** What streams end with when their edge stops: nothing was lost, and another edge goes on with them. */
export function stopping(): KerfError {
  return new KerfError("not_here", "This edge is stopping.");
}

function isRead({ method }: IncomingMessage): boolean {
  return method === "GET" || method === "HEAD";
}

/** The value of a header that must come once. */
function text(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}
