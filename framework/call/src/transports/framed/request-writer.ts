import { KerfError, toKerfError } from "@kerf/kernel";
import { jsonValue } from "../../json/raw-json.ts";
import type { Connection } from "./connection.ts";
import type { Exchange } from "./exchange.ts";
import { frameFixedBytes, frameType } from "./frame.ts";
import type { Hello } from "./hello.ts";
import { isLonger } from "./json-body.ts";
import type { FramedLimits } from "./limits.ts";
import { roomFor } from "./output.ts";
import { tooLarge } from "./refusals.ts";
import { roomForHeader, writeHeader } from "./request-header.ts";
import { DefinedStrings } from "./string-table.ts";

/** Writes requests into one connection, within what the other side said that it accepts. */
export class RequestWriter {
  readonly #connection: Connection;
  readonly #peer: Hello;
  readonly #limits: FramedLimits;
  readonly #strings: DefinedStrings;

  constructor(connection: Connection, peer: Hello, limits: FramedLimits) {
    this.#connection = connection;
    this.#peer = peer;
    this.#limits = limits;
    this.#strings = new DefinedStrings(connection.output, peer.maxStrings);
  }

  /** Why this exchange cannot be written, if so; nothing of it has left then. */
  refusal(exchange: Exchange): KerfError | undefined {
    const { context } = exchange;
    const { service, operation, after, trace = context.trace } = exchange.request;
    const most = this.#peer.maxStringBytes;
    if (
      isLonger(service, most) ||
      isLonger(operation, most) ||
      isLonger(context.caller, most) ||
      isLonger(context.principalToken, most) ||
      isLonger(context.idempotencyKey, most) ||
      isLonger(after, most) ||
      isLonger(trace.state, most)
    ) {
      return new KerfError("invalid_input", {
        message: `A name, key, cursor or token of the call ${service}.${operation} is longer than ${most} bytes.`,
        retry: "never",
      });
    }
    if (this.#peer.answersBadJson !== true && typeof exchange.body !== "string") {
      // A callee of the version before ends the connection, and all else that is under way on it, for a body that is not JSON.
      try {
        jsonValue(exchange.request.input);
      } catch (thrown) {
        return toKerfError(thrown);
      }
    }
    const { maxFrameBytes } = this.#peer;
    const header = frameFixedBytes + 8 + roomForHeader(trace, context.idempotencyKey, after);
    if (isLonger(exchange.body, maxFrameBytes - header)) {
      return tooLarge(
        `The input of ${service}.${operation}`,
        maxFrameBytes,
        "Send it in parts, or raise maxFrameBytes of the service.",
      );
    }
    if (this.#connection.output.waiting + exchange.body.length > this.#limits.maxOutputBytes) {
      return new KerfError("overloaded", {
        message: `The instance ${this.#peer.instance} does not read what it is sent: ${this.#connection.output.waiting} bytes wait.`,
        retry: "not-executed",
      });
    }
    return undefined;
  }

  /** Queues the REQUEST or OPEN of an exchange that has its id. */
  write(exchange: Exchange, remainingMs: number): void {
    const { output } = this.#connection;
    const { request, context, body } = exchange;
    const { idempotencyKey } = context;
    const { trace = context.trace } = request;
    exchange.startsAt = output.queued;
    const names = this.#numbersOf(exchange);
    const room = roomForHeader(trace, idempotencyKey, request.after) + 8 + roomFor(body);
    output.begin(exchange.streaming ? frameType.open : frameType.request, exchange.id, room);
    writeHeader(output, names, remainingMs, trace, idempotencyKey, request.after);
    if (exchange.streaming) {
      output.u32(this.#limits.windowItems);
      output.u32(this.#limits.windowBytes);
    }
    output.body(body);
    output.end();
  }

  #numbersOf({ request, context }: Exchange): {
    service: number;
    operation: number;
    caller: number;
    principalToken: number;
  } {
    const strings = this.#strings;
    for (;;) {
      const before = strings.definitions;
      const numbers = {
        service: strings.idOf(request.service),
        operation: strings.idOf(request.operation),
        caller: strings.idOf(context.caller),
        principalToken: strings.idOf(context.principalToken),
      };
      // A definition may have taken the slot of a string numbered just before it.
      if (strings.definitions === before) return numbers;
    }
  }
}
