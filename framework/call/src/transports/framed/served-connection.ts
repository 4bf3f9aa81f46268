import {
  CallContext,
  type Clock,
  deadlineExceeded,
  KerfError,
  type TimerWheel,
} from "@kerf/kernel";
import type { Logger } from "@kerf/telemetry";
import type { WorkloadIdentity } from "../../identity/workload-identity.ts";
import type { Dispatcher, Incoming, Reply } from "../../transport.ts";
import { AnswerWriter } from "./answer-writer.ts";
import { Connection, type ConnectionOwner } from "./connection.ts";
import type { FramedCounters } from "./counters.ts";
import { cancelCause, frameType } from "./frame.ts";
import type { FrameSocket } from "./frame-socket.ts";
import { helloOf } from "./hello.ts";
import { readInput } from "./json-body.ts";
import type { FramedLimits } from "./limits.ts";
import { PerSecond } from "./per-second.ts";
import { notHere, overloaded } from "./refusals.ts";
import { HeaderReader, type RequestHeader } from "./request-header.ts";
import { ServedSlots } from "./served-slots.ts";
import { StreamProducer } from "./stream-producer.ts";
import { KnownStrings } from "./string-table.ts";
import { limitLifetime } from "./tls/lifetime.ts";
import { type CloseReason, isOrdinary, ProtocolViolation, strangeFrame } from "./violation.ts";

/** What the connections of one server share. */
export interface ServedOptions {
  readonly dispatcher: Dispatcher;
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly log: Logger;
  readonly instance: string;
  readonly limits: FramedLimits;
  readonly counters: FramedCounters;
  /** The unit that the caller has proven to be; undefined over a Unix socket. */
  readonly unit?: string | undefined;
}

/** Milliseconds that a caller gets to leave a draining connection by itself once everything is answered. */
const leaveMs = 1_000;

/** A call or stream that is being handled; it is told the answer of a call. */
class Served implements Reply {
  readonly id: number;
  readonly context: CallContext;
  /** Of a stream: how it is told what the consumer does. */
  producer: StreamProducer | undefined = undefined;
  /** True once nobody waits for an answer. */
  left = false;
  readonly #connection: ServedConnection;

  constructor(connection: ServedConnection, id: number, context: CallContext) {
    this.#connection = connection;
    this.id = id;
    this.context = context;
  }

  answered(value: unknown): void {
    this.#connection.answer(this, value);
  }

  refused(error: unknown): void {
    this.#connection.fail(this, error);
  }
}

/** The serving side of one connection: requests in, handed to the dispatcher, answers out. */
export class ServedConnection implements ConnectionOwner {
  readonly #options: ServedOptions;
  readonly #connection: Connection;
  readonly #answers: AnswerWriter;
  readonly #strings: KnownStrings;
  readonly #header: HeaderReader;
  readonly #cancels: PerSecond;
  readonly #onEnd: (connection: ServedConnection) => void;
  readonly #served: ServedSlots<Served>;
  /** Handlers that run, those that nobody waits for any more included. */
  #running = 0;
  #draining = false;
  #leaving = false;
  #forgetLifetime: (() => void) | undefined;

  constructor(
    socket: FrameSocket,
    options: ServedOptions,
    onEnd: (connection: ServedConnection) => void,
  ) {
    const { limits } = options;
    this.#options = options;
    this.#onEnd = onEnd;
    this.#cancels = new PerSecond(limits.cancelsPerSecond);
    this.#strings = new KnownStrings(limits.maxStrings, limits.maxStringBytes);
    this.#header = new HeaderReader(this.#strings, limits.maxStringBytes);
    this.#served = new ServedSlots(limits.maxCalls);
    this.#connection = new Connection({
      socket,
      role: "server",
      clock: options.clock,
      limits,
      hello: helloOf(options.instance, undefined, limits),
      owner: this,
    });
    this.#answers = new AnswerWriter(this.#connection);
  }

  /** Refuses what comes from now on as "not here, not executed" and ends once everything is answered. */
  drain(): void {
    if (this.#draining) return;
    this.#draining = true;
    if (this.#connection.open) this.#sayGoAway();
  }

  /**
   * Ends it within `endsInMs`, before a certificate of it expires. The caller is asked in time to make another connection; until it has, what it sends is answered,
   * so that no call is refused for it.
   */
  endIn(identity: WorkloadIdentity, endsInMs: number): void {
    this.#forgetLifetime = limitLifetime({
      clock: this.#options.clock,
      identity,
      endsInMs,
      retire: () => this.#retire(),
      end: () => this.#connection.close("certificate_expired", "A certificate of it expires."),
    });
  }

  #retire(): void {
    this.#leaving = true;
    if (!this.#connection.open || this.#draining) return;
    this.#answers.goAway();
    this.#connection.output.schedule();
  }

  /** Ends it at once. */
  close(): void {
    this.#connection.close("closed", "The serving side has stopped.");
  }

  busy(): boolean {
    return this.#served.size > 0;
  }

  opened(): void {
    this.#options.counters.opened++;
    if (this.#draining) this.#sayGoAway();
    else if (this.#leaving) this.#retire();
  }

  frame(type: number, id: number, bytes: Buffer, start: number, end: number): void {
    switch (type) {
      case frameType.request:
        return this.#onRequest(id, bytes, start, end);
      case frameType.open:
        return this.#onOpen(id, bytes, start, end);
      case frameType.define:
        return this.#strings.define(id, bytes, start, end);
      case frameType.cancel:
        return this.#onCancel(id, end > start ? (bytes[start] as number) : 0);
      case frameType.credit:
        return this.#onCredit(id, bytes, start, end);
      default:
        throw strangeFrame(type);
    }
  }

  pong(): void {}

  writable(): void {
    for (const served of this.#served.values()) served.producer?.wake();
  }

  closed(reason: CloseReason, detail: string): void {
    this.#forgetLifetime?.();
    this.#options.counters.countClosed(reason);
    if (!isOrdinary(reason)) {
      this.#options.log.warn("a connection was closed", {
        peer: this.#connection.peer?.instance,
        reason,
        detail,
      });
    }
    const left = new KerfError("cancelled", `The connection of the caller ended (${reason}).`);
    for (const served of this.#served.values()) this.#leave(served, left);
    this.#onEnd(this);
  }

  #onRequest(id: number, bytes: Buffer, start: number, end: number): void {
    const header = this.#header.read(bytes, start, end);
    const input = readInput(bytes, this.#header.end, end);
    const served = this.#accept(id, header);
    if (served === undefined) return;
    this.#options.counters.calls++;
    const { dispatcher, unit } = this.#options;
    const incoming = incomingOf(header, input, served.context, unit);
    try {
      if (dispatcher.receive !== undefined) return dispatcher.receive(incoming, served);
      dispatcher.call(incoming).then(
        (value) => this.answer(served, value),
        (thrown: unknown) => this.fail(served, thrown),
      );
    } catch (thrown) {
      this.fail(served, thrown);
    }
  }

  #onOpen(id: number, bytes: Buffer, start: number, end: number): void {
    const header = this.#header.read(bytes, start, end);
    const at = this.#header.end;
    if (end - at < 8)
      throw new ProtocolViolation("bad_header", "An OPEN does not say how much may be sent.");
    const input = readInput(bytes, at + 8, end);
    const served = this.#accept(id, header);
    if (served === undefined) return;
    this.#options.counters.streams++;
    const producer = new StreamProducer(bytes.readUInt32BE(at), bytes.readUInt32BE(at + 4), {
      congested: () => this.#connection.congested,
      item: (value) => this.#item(id, value),
      end: () => this.#end(served),
      fail: (thrown) => this.fail(served, thrown),
    });
    served.producer = producer;
    producer.run(() =>
      this.#options.dispatcher.stream(
        incomingOf(header, input, served.context, this.#options.unit),
      ),
    );
  }

  /** Takes a request in; undefined when it was refused and answered. */
  #accept(id: number, header: RequestHeader): Served | undefined {
    const { limits, clock, wheel, instance, counters } = this.#options;
    this.#served.checkFree(id);
    if (this.#draining || this.#running >= limits.maxCalls) {
      counters.refused++;
      this.#answers.error(
        id,
        this.#draining ? notHere(instance) : overloaded(instance, this.#running),
      );
      this.#connection.output.schedule();
      return undefined;
    }
    const context = new CallContext({
      clock,
      wheel,
      deadline: this.#connection.receivedAt + header.remainingMs,
      trace: header.trace,
      caller: header.caller,
      principalToken: header.principalToken,
      idempotencyKey: header.idempotencyKey,
    });
    const served = new Served(this, id, context);
    this.#served.add(served);
    this.#running++;
    this.#connection.watch();
    return served;
  }

  #onCancel(id: number, cause: number): void {
    const { limits, counters } = this.#options;
    if (this.#cancels.exceeds(this.#connection.receivedAt)) {
      throw new ProtocolViolation(
        "too_many_cancels",
        `More than ${limits.cancelsPerSecond} calls were cancelled within a second.`,
      );
    }
    const served = this.#served.get(id);
    // It may have been answered while the CANCEL was on its way.
    if (served === undefined) return;
    counters.cancelled++;
    this.#leave(
      served,
      cause === cancelCause.deadline
        ? deadlineExceeded("the caller waited")
        : new KerfError("cancelled", "The caller has left."),
    );
    this.#afterAnswer();
  }

  #onCredit(id: number, bytes: Buffer, start: number, end: number): void {
    if (end - start !== 8)
      throw new ProtocolViolation("bad_frame", "A CREDIT is not eight bytes long.");
    const served = this.#served.get(id);
    if (served === undefined) return;
    if (served.producer === undefined)
      throw new ProtocolViolation("wrong_stream", "A CREDIT came for a call.");
    served.producer.credit(bytes.readUInt32BE(start), bytes.readUInt32BE(start + 4));
  }

  /** Nobody waits any more: the handler is told, and what it still says is dropped. */
  #leave(served: Served, reason: KerfError): void {
    this.#free(served);
    served.context.cancel(reason);
    served.producer?.stop();
  }

  #free(served: Served): void {
    if (served.left) return;
    served.left = true;
    this.#served.remove(served);
  }

  /** The answer of a call. */
  answer(served: Served, value: unknown): void {
    try {
      if (!served.left) this.#answers.response(served.id, value);
    } catch (thrown) {
      return this.fail(served, thrown);
    }
    this.#settle(served);
  }

  #item(id: number, value: unknown): number {
    const bytes = this.#answers.item(id, value);
    this.#connection.output.schedule();
    return bytes;
  }

  /** The error that a call or stream ends with. */
  fail(served: Served, thrown: unknown): void {
    if (!served.left) this.#answers.error(served.id, thrown);
    this.#settle(served);
  }

  #end(served: Served): void {
    if (!served.left) this.#answers.end(served.id);
    this.#settle(served);
  }

  /** The handler is done, whatever became of its answer. */
  #settle(served: Served): void {
    this.#free(served);
    served.context.release();
    this.#running--;
    // The last answer of all gains nothing from waiting for company; as long as requests are read, it is not known to be.
    if (this.#connection.reading) this.#connection.output.sendAhead();
    else this.#send();
    this.#afterAnswer();
  }

  /** What was answered at once, while its request was read, leaves with what came with it, unless that is much. */
  read(): void {
    const { output } = this.#connection;
    if (output.queued > output.handedOver) this.#send();
  }

  #send(): void {
    if (this.#running === 0) this.#connection.output.flush();
    else this.#connection.output.schedule();
  }

  #sayGoAway(): void {
    this.#answers.goAway();
    this.#connection.output.schedule();
    this.#afterAnswer();
  }

  /** A draining connection that has nothing left is its caller's to close: no call of it can then be on its way. */
  #afterAnswer(): void {
    if (!this.#draining || this.#served.size > 0) return;
    this.#options.clock.after(leaveMs, () => {
      if (this.#served.size === 0) this.close();
    });
  }
}

function incomingOf(
  header: RequestHeader,
  input: unknown,
  context: CallContext,
  unit: string | undefined,
): Incoming {
  return {
    service: header.service,
    operation: header.operation,
    input,
    context,
    after: header.after,
    unit,
  };
}
