import type { ClientHttp2Session, OutgoingHttpHeaders } from "node:http2";
import { type Endpoint, meansTrouble } from "@kerf/call";
import { allowLongUpload, grpcAnswer, isGrpc, problemOf } from "@kerf/call/http";
import { KerfError, newTrace, toKerfError } from "@kerf/kernel";
import type { Forwarding } from "../forward.ts";
import type { Instance } from "../instance.ts";
import { left, type TrafficParts } from "../upstream.ts";
import { GrpcExchange } from "./call.ts";
import { grpcTimeout, grpcTimeoutMs } from "./deadline.ts";

/** Statuses with which an instance says that it cannot serve: unavailable, and its own deadline. */
const troubled = new Set(["14", "4"]);

/**
 * Passes a gRPC call on, messages in both directions as they come. Another instance is asked only when the first one cannot be
 * reached: nothing of a call is kept to be sent again; clients of gRPC repeat by themselves.
 * @throws KerfError when the client has been sent no head
 */
export async function forwardGrpc(forwarding: Forwarding, parts: TrafficParts): Promise<void> {
  const { upstream, request, response } = forwarding;
  const { clock } = parts;
  if (!isGrpc(request)) {
    throw new KerfError("unsupported_media_type", {
      message: "This path takes gRPC only.",
      fix: 'Send "Content-Type: application/grpc" over HTTP/2.',
    });
  }
  allowLongUpload(request);
  const { admission, breaker, budget, policies } = upstream;
  const timeoutMs = grpcTimeoutMs(request.headers["grpc-timeout"] as string | undefined);
  const until = clock.now() + (timeoutMs ?? policies.deadlineMs);
  if (!admission.tryEnter()) await admission.enter(until);
  try {
    if (response.destroyed) throw left();
    budget.deposit(clock.now());
    breaker.admit(clock.now());
    const call = new Call(forwarding, parts, until, timeoutMs !== undefined);
    let failure: KerfError | undefined;
    try {
      await call.run();
    } catch (thrown) {
      failure = toKerfError(thrown);
    }
    const trouble =
      failure === undefined
        ? call.isTroubled
        : meansTrouble(failure, clock.now() - call.startedAt, policies);
    if (trouble === undefined) breaker.undecided();
    else if (trouble) breaker.failed(clock.now());
    else breaker.succeeded(clock.now());
    if (failure !== undefined) end(forwarding, failure);
  } finally {
    admission.leave();
  }
}

/** Tells the client why there is no status from the upstream; behind messages, in trailers. */
function end({ response }: Forwarding, failure: KerfError): void {
  if (!response.headersSent) throw failure;
  if (response.destroyed) return;
  const { problem, headers } = problemOf(failure, { traceId: newTrace().traceId });
  const { "grpc-status": status = "", "grpc-message": message = "" } = grpcAnswer(
    problem,
    headers,
  ).headers;
  response.addTrailers({ "grpc-status": status, "grpc-message": message });
  response.end();
}

class Call {
  isTroubled = false;
  startedAt: number;
  readonly #forwarding: Forwarding;
  readonly #parts: TrafficParts;
  readonly #until: number;
  /** Whether the client set the deadline: then it is the whole call's, otherwise the head's. */
  readonly #isWhole: boolean;
  #timer: ReturnType<TrafficParts["wheel"]["add"]> | undefined;
  #movedAt = 0;

  constructor(forwarding: Forwarding, parts: TrafficParts, until: number, isWhole: boolean) {
    this.#forwarding = forwarding;
    this.#parts = parts;
    this.#until = until;
    this.#isWhole = isWhole;
    this.startedAt = parts.clock.now();
  }

  async run(): Promise<void> {
    const { budget, policies } = this.#forwarding.upstream;
    for (let count = 1, tried: string | undefined; ; count++) {
      const { upstream } = this.#forwarding;
      const { clock } = this.#parts;
      const now = (this.startedAt = clock.now());
      const { endpoint, instance } = upstream.pick(tried, now);
      tried = instance.url;
      instance.enter();
      try {
        const { session, giveBack } = await instance.grpc.take();
        try {
          return await this.#exchange(instance, endpoint, session);
        } finally {
          giveBack();
        }
      } catch (thrown) {
        const failure = toKerfError(thrown);
        const unsent = failure.code === "unavailable" && failure.retry === "not-executed";
        if (!unsent || this.#forwarding.response.headersSent) throw failure;
        instance.refused();
        upstream.settled(endpoint, clock.now() - now, true);
        const mayRepeat =
          // A connection that ended just now may have been the only trouble of the only instance.
          count < Math.min(policies.attempts, Math.max(2, upstream.instances.size)) &&
          !this.#forwarding.request.readableDidRead &&
          clock.now() < this.#until &&
          budget.withdraw(clock.now());
        if (!mayRepeat) throw failure;
      } finally {
        instance.leave();
      }
    }
  }

  async #exchange(
    instance: Instance,
    endpoint: Endpoint,
    session: ClientHttp2Session,
  ): Promise<void> {
    const { clock, wheel } = this.#parts;
    const { request, response, upstream, maxBodyBytes } = this.#forwarding;
    if (response.destroyed) throw left();
    // It was told to go elsewhere while this call waited for its turn.
    if (session.closed || session.destroyed) throw goneElsewhere(instance);
    let isSettled = false;
    const settle = (failed: boolean | undefined): void => {
      if (isSettled) return;
      isSettled = true;
      upstream.settled(endpoint, clock.now() - this.startedAt, failed);
    };
    const exchange = new GrpcExchange({
      request,
      response,
      session,
      origin: instance.origin,
      headers: this.#headers(instance),
      maxMessageBytes: maxBodyBytes,
      answerHead: (status, fields) => this.#forwarding.answerHead(status, fields, instance.origin),
      answered: (status) => {
        this.isTroubled = status !== undefined && troubled.has(status);
        settle(this.isTroubled);
        if (this.#isWhole) return;
        // The head is there in time; from now on, only silence ends the call.
        this.#movedAt = clock.now();
        if (this.#timer !== undefined) wheel.remove(this.#timer);
        this.#watch(exchange);
      },
      moved: () => (this.#movedAt = clock.now()),
    });
    this.#timer = wheel.add(this.#until, () => exchange.abandon(late(instance)));
    try {
      await exchange.ended;
    } catch (thrown) {
      settle(meansTrouble(toKerfError(thrown), clock.now() - this.startedAt, upstream.policies));
      throw thrown;
    } finally {
      wheel.remove(this.#timer);
    }
  }

  #watch(exchange: GrpcExchange): void {
    const { clock, wheel } = this.#parts;
    const { tunnelIdleMs } = this.#forwarding.upstream.policies;
    this.#timer = wheel.add(this.#movedAt + tunnelIdleMs, () => {
      if (clock.now() - this.#movedAt < tunnelIdleMs) return this.#watch(exchange);
      exchange.abandon(
        new KerfError("unavailable", {
          message: `Neither side of the call said anything for ${tunnelIdleMs} ms.`,
          fix: "Send something now and then, or raise policies.tunnelIdleMs.",
        }),
      );
    });
  }

  #headers(instance: Instance): OutgoingHttpHeaders {
    const { head, target } = this.#forwarding;
    const headers: Record<string, string | string[]> = {
      ":method": "POST",
      ":scheme": instance.origin.protocol.slice(0, -1),
      ":path": target,
      ":authority": instance.origin.host,
      // Says that trailers are understood; without it servers of gRPC refuse.
      te: "trailers",
    };
    for (let i = 0; i < head.length; i += 2) {
      const name = head[i] as string;
      const value = head[i + 1] as string;
      if (name === "host") headers[":authority"] = value;
      else if (name !== "content-length" && name !== "grpc-timeout") {
        const before = headers[name];
        headers[name] = before === undefined ? value : [before, value].flat();
      }
    }
    if (this.#isWhole) headers["grpc-timeout"] = grpcTimeout(this.#until - this.#parts.clock.now());
    return headers;
  }
}

function goneElsewhere({ url }: Instance): KerfError {
  return new KerfError("unavailable", {
    message: `${url} takes no further calls on this connection.`,
    retry: "not-executed",
  });
}

function late({ url }: Instance): KerfError {
  return new KerfError("deadline_exceeded", {
    message: `${url} did not answer in time.`,
    fix: "If it is meant to be slow, send a longer grpc-timeout, or raise policies.deadlineMs for calls without one.",
  });
}
