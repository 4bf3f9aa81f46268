import type { IncomingMessage, ServerResponse } from "node:http";
import { rootContext } from "@kerf/call";
import { checkBodyHead, defaultMaxBodyBytes, readJsonBody, sendAnswer } from "@kerf/call/http";
import { type CallContext, type Clock, KerfError, type TimerWheel, type Trace } from "@kerf/kernel";

/** Bound of one event that is appended to the log, milliseconds. */
const emitMs = 15_000;

/** An event that a program posts to its sidecar. */
export interface PostedEvent {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** As the path names it; without it, the event says itself what it is. */
  readonly event: string | undefined;
  readonly trace: Trace;
  /** The call that it is emitted for. */
  readonly parent?: CallContext | undefined;
}

/** Where events of a program go. */
export interface EventTaker {
  /** Whose they are. */
  readonly service: string;
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly emit: (event: string, payload: unknown, context: CallContext) => Promise<void>;
}

/**
 * Appends an event to the log and answers 204 when it is committed. The payload is the body, as in a CloudEvent in binary mode, or the `data` of one in structured mode.
 * Rejects with what the program did wrong.
 */
export async function takeEvent(
  { event, parent, request, response, trace }: PostedEvent,
  { clock, emit, service, wheel }: EventTaker,
): Promise<void> {
  checkBodyHead(request, defaultMaxBodyBytes);
  const body = await readJsonBody(request, defaultMaxBodyBytes);
  const isWhole = /^application\/cloudevents\+json\b/i.test(request.headers["content-type"] ?? "");
  const { data, type } = (isWhole ? (body ?? {}) : { data: body, type: typeOf(request) }) as {
    readonly data?: unknown;
    readonly type?: unknown;
  };
  const context = rootContext({
    clock,
    wheel,
    deadlineMs: Math.min(emitMs, parent?.remainingMs ?? emitMs),
    trace,
    caller: service,
    principal: parent?.principal,
  });
  try {
    await emit(event ?? nameOf(type, service), data, context);
  } catch (thrown) {
    throw refused(thrown);
  } finally {
    context.release();
  }
  sendAnswer(request, response, { status: 204, headers: { "x-trace-id": trace.traceId } }, clock);
}

function typeOf({ headers }: IncomingMessage): unknown {
  return headers["ce-type"];
}

/** The event's name by its type: `tagged` or `tags.tagged`. */
function nameOf(type: unknown, service: string): string {
  if (typeof type === "string")
    return type.startsWith(`${service}.`) ? type.slice(service.length + 1) : type;
  throw new KerfError("invalid_input", {
    message: "The event does not say what it is.",
    why: "It is neither in the path, nor is there a type.",
    fix: "Send POST /events/NAME, or a CloudEvent with its type in ce-type.",
  });
}

/** What is wrong with an event is its sender's mistake, and told in full. */
function refused(thrown: unknown): unknown {
  if (!(thrown instanceof KerfError)) return thrown;
  const { code, data, fix, message, why } = thrown;
  const told = { message: why === undefined ? message : `${message} ${why}`, fix, data };
  if (code === "invalid_output") return new KerfError("invalid_input", told);
  return code === "invalid_app" ? new KerfError("conflict", { ...told, retry: "never" }) : thrown;
}
