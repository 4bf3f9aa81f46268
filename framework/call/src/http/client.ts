// The boundary for browsers and scripts: a contract's typed client over HTTP. Needs `fetch` only, nothing of Node.
import {
  type CallOptions,
  type Client,
  type Contract,
  type HttpRoute,
  type Operation,
  parseHttpRoute,
} from "@kerf/contract";
import { deadlineExceeded, defaultDeadlineMs, KerfError } from "@kerf/kernel";
import { errorOfResponse } from "./client-problem.ts";
import { clientRequest } from "./client-request.ts";
import { itemsOf } from "./client-stream.ts";

/** How an HTTP client reaches its edge. */
export interface HttpClientOptions {
  /** `https://shop.example`, with a path when the edge is mounted below one. */
  readonly baseUrl: string;
  /** Asked for at each call. */
  headers?(): Record<string, string> | Promise<Record<string, string>>;
  /** The bearer token, asked for at each call; none while it is undefined. */
  token?(): string | undefined | Promise<string | undefined>;
  /** Default: the global `fetch`. */
  readonly fetch?: typeof globalThis.fetch;
}

/**
 * A typed client of a contract over HTTP. Its calls reject with KerfError: declared errors as `DeclaredError` (see `safe`),
 * refusals and failures with their stable code and `data.traceId`. Operations without an `http` route cannot be called.
 */
export function httpClient<C extends Contract<any, any, any>>(
  contract: C,
  options: HttpClientOptions,
): Client<C> {
  const operations: Record<string, unknown> = {};
  for (const [name, operation] of Object.entries(
    contract.operations as Record<string, Operation>,
  )) {
    const label = `${contract.name}.${name}`;
    const route =
      operation.http === undefined ? undefined : parseHttpRoute(operation.http, () => {});
    operations[name] =
      operation.kind === "stream"
        ? (input: unknown, call: CallOptions = {}) =>
            open(options, operation, route, label, input, call)
        : (input: unknown, call: CallOptions = {}) =>
            answer(options, operation, route, label, input, call);
  }
  return operations as Client<C>;
}

async function answer(
  client: HttpClientOptions,
  operation: Operation,
  route: HttpRoute | undefined,
  label: string,
  input: unknown,
  call: CallOptions,
): Promise<unknown> {
  const leaving = new Leaving(call, call.deadlineMs ?? operation.deadlineMs ?? defaultDeadlineMs);
  try {
    const response = await send(client, route, label, input, call, leaving.signal);
    if (!response.ok) throw await errorOfResponse(response, operation);
    if (response.status === 204 || response.headers.get("content-length") === "0") return undefined;
    return (await response.json()) as unknown;
  } catch (thrown) {
    throw leaving.errorOf(thrown);
  } finally {
    leaving.over();
  }
}

function open(
  client: HttpClientOptions,
  operation: Operation,
  route: HttpRoute | undefined,
  label: string,
  input: unknown,
  call: CallOptions,
): AsyncIterable<unknown> & { cancel(): void } {
  const leaving = new Leaving(call, call.deadlineMs);
  let iterated = false;
  async function* items(): AsyncGenerator<unknown, void> {
    try {
      const response = await send(client, route, label, input, call, leaving.signal);
      if (!response.ok) throw await errorOfResponse(response, operation);
      yield* itemsOf(response, operation);
    } catch (thrown) {
      throw leaving.errorOf(thrown);
    } finally {
      leaving.over();
    }
  }
  return {
    cancel: () => leaving.leave(),
    [Symbol.asyncIterator]() {
      if (iterated) throw new KerfError("invalid_input", `The stream ${label} is iterated twice.`);
      iterated = true;
      return items();
    },
  };
}

async function send(
  client: HttpClientOptions,
  route: HttpRoute | undefined,
  label: string,
  input: unknown,
  call: CallOptions,
  signal: AbortSignal,
): Promise<Response> {
  if (route === undefined) {
    throw new KerfError("unknown_operation", {
      message: `${label} has no HTTP route.`,
      fix: "Give it one in its contract, or call it from a service.",
    });
  }
  const { method, target, body } = clientRequest(route, input, label);
  const headers = new Headers(await client.headers?.());
  const token = await client.token?.();
  if (token !== undefined) headers.set("authorization", `Bearer ${token}`);
  if (body !== undefined) headers.set("content-type", "application/json");
  if (call.after !== undefined) headers.set("last-event-id", call.after);
  if (call.idempotencyKey !== undefined) headers.set("idempotency-key", call.idempotencyKey);
  if (call.trace !== undefined) {
    const { traceId, spanId, sampled } = call.trace;
    headers.set("traceparent", `00-${traceId}-${spanId}-${sampled ? "01" : "00"}`);
  }
  const url = client.baseUrl.replace(/\/$/, "") + target;
  const init: RequestInit = {
    method,
    headers,
    signal,
    ...(body === undefined ? undefined : { body }),
  };
  return (client.fetch ?? globalThis.fetch)(url, init);
}

/** The ways in which the caller ends a call early, and the errors that they are. */
class Leaving {
  readonly #controller = new AbortController();
  readonly #given: AbortSignal | undefined;
  readonly #timer: ReturnType<typeof setTimeout> | undefined;
  #reason: KerfError | undefined;

  constructor(call: CallOptions, deadlineMs: number | undefined) {
    this.#given = call.signal;
    if (this.#given?.aborted === true) this.leave();
    else this.#given?.addEventListener("abort", this.leave);
    if (deadlineMs !== undefined) {
      this.#timer = setTimeout(() => this.#end(deadlineExceeded("the edge was asked")), deadlineMs);
    }
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  readonly leave = (): void => this.#end(new KerfError("cancelled", "The caller left."));

  /** What a failure under way means. */
  errorOf(thrown: unknown): KerfError {
    if (this.#reason !== undefined) return this.#reason;
    if (thrown instanceof KerfError) return thrown;
    if (thrown instanceof SyntaxError) {
      return new KerfError("protocol_error", { message: "The answer is not JSON.", cause: thrown });
    }
    const refused =
      ((thrown as Error).cause as { code?: string } | undefined)?.code === "ECONNREFUSED";
    return refused
      ? new KerfError("unavailable", {
          message: "Nothing listens at the edge's address.",
          retry: "not-executed",
          cause: thrown,
        })
      : new KerfError("connection_lost", {
          message: "The connection to the edge failed.",
          cause: thrown,
        });
  }

  over(): void {
    clearTimeout(this.#timer);
    this.#given?.removeEventListener("abort", this.leave);
  }

  #end(reason: KerfError): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    this.over();
    this.#controller.abort(reason);
  }
}
