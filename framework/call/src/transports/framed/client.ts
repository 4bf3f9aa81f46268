import {
  type Clock,
  deadlineExceeded,
  type KerfError,
  type TimerWheel,
  toKerfError,
} from "@kerf/kernel";
import type { Logger } from "@kerf/telemetry";
import type { Address } from "../../placement.ts";
import { RawJson } from "../../json/raw-json.ts";
import type { Reply, Request, Transport } from "../../transport.ts";
import { type Endpoint, parseAddress } from "./address.ts";
import { Connection, type ConnectionOwner } from "./connection.ts";
import { FramedCounters } from "./counters.ts";
import { type Dial, dial, type Dialing } from "./dial.ts";
import { errorFrom } from "./error-body.ts";
import { type Exchange, type ExchangeHost, UnaryExchange } from "./exchange.ts";
import { cancelCause, frameType } from "./frame.ts";
import { helloOf } from "./hello.ts";
import { type Body, readJson, writeJson } from "./json-body.ts";
import { defaultLimits, type FramedLimits } from "./limits.ts";
import { connectionEnded, lostUnderWay, noSign, notHere, overloaded } from "./refusals.ts";
import { limitLifetime } from "./tls/lifetime.ts";
import type { ProvenPeer } from "./tls/prove-peer.ts";
import type { ClientSecurity } from "./tls/secure-connect.ts";
import { RequestWriter } from "./request-writer.ts";
import { SlotTable } from "./slot-table.ts";
import { StreamExchange } from "./stream-exchange.ts";
import { type CloseReason, isOrdinary, ProtocolViolation, strangeFrame } from "./violation.ts";

/** What `connectFramed` needs. */
export interface FramedClientOptions {
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly log: Logger;
  /** Who connects: id of this instance, and the service when there is just one. */
  readonly hello: { readonly instance: string; readonly caller?: string | undefined };
  readonly limits?: Partial<FramedLimits> | undefined;
  /** Proves both sides of connections to `tcp:` addresses; without it they are open to everyone. */
  readonly security?: ClientSecurity | undefined;
  /** Counts here; give the same to several clients to count them together. */
  readonly counters?: FramedCounters | undefined;
  /** Makes the connection; a socket of the system by default. */
  readonly dial?: Dial | undefined;
}

/**
 * A way to the instance at `address` over one connection, made with the first call. It never connects again: once it
 * is not usable any more, make another. Throws `invalid_configuration` when the address cannot be read.
 */
export function connectFramed(address: Address, options: FramedClientOptions): Transport {
  return new FramedClient(address, options);
}

/** Somebody who waits for a sign of life. */
interface Probe {
  answered(): void;
  failed(reason: KerfError): void;
}

class FramedClient implements Transport, ConnectionOwner, ExchangeHost {
  readonly #address: Address;
  readonly #endpoint: Endpoint;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #hello: FramedClientOptions["hello"];
  readonly #security: ClientSecurity | undefined;
  readonly #limits: FramedLimits;
  readonly #counters: FramedCounters;
  /** Sent, by stream id; and made before the connection was there. */
  readonly #sent: SlotTable<Exchange>;
  readonly #waiting = new Set<Exchange>();
  readonly #probes = new Set<Probe>();
  readonly #dialWith: Dial;
  #dialing: Dialing | undefined;
  #connection: Connection | undefined;
  #writer: RequestWriter | undefined;
  #unusable: KerfError | undefined;
  #forgetLifetime: (() => void) | undefined;
  #listeners: ((reason: KerfError) => void)[] = [];

  constructor(address: Address, options: FramedClientOptions) {
    this.#address = address;
    this.#endpoint = parseAddress(address);
    this.#clock = options.clock;
    this.#log = options.log;
    this.#hello = options.hello;
    this.#security = options.security;
    this.#dialWith = options.dial ?? dial;
    this.#limits = { ...defaultLimits, ...options.limits };
    this.#counters = options.counters ?? new FramedCounters();
    this.#sent = new SlotTable(this.#limits.maxCalls);
  }

  get inFlight(): number {
    return this.#sent.size + this.#waiting.size;
  }

  get usable(): boolean {
    return this.#unusable === undefined;
  }

  onUnusable(listener: (reason: KerfError) => void): void {
    if (this.#unusable === undefined) this.#listeners.push(listener);
    else listener(this.#unusable);
  }

  call(request: Request): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.send(request, { answered: resolve, refused: reject });
    });
  }

  send(request: Request, reply: Reply): void {
    this.#counters.calls++;
    let body: Body;
    try {
      body = bodyOf(request);
    } catch (thrown) {
      return reply.refused(toKerfError(thrown));
    }
    this.start(new UnaryExchange(this, request, body, reply));
  }

  stream(request: Request): AsyncIterableIterator<unknown> {
    this.#counters.streams++;
    const window = { items: this.#limits.windowItems, bytes: this.#limits.windowBytes };
    try {
      return new StreamExchange(this, request, bodyOf(request), window);
    } catch (thrown) {
      const stream = new StreamExchange(this, request, "", window);
      stream.fail(thrown as KerfError);
      return stream;
    }
  }

  probe(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    if (this.#unusable !== undefined) reject(this.#unusable);
    else {
      const { connectMs, handshakeMs, pongMs } = this.#limits;
      const timer = this.#clock.after(connectMs + handshakeMs + pongMs, () => {
        this.#probes.delete(probe);
        reject(noSign(this.#address));
      });
      const probe: Probe = {
        answered: () => {
          timer.cancel();
          resolve();
        },
        failed: (reason) => {
          timer.cancel();
          reject(reason);
        },
      };
      this.#probes.add(probe);
      if (this.#writer !== undefined) this.#connection?.ping();
      else this.#dial();
    }
    return promise;
  }

  close(): void {
    if (this.#connection !== undefined) {
      return this.#connection.close("closed", "The calling side has closed it.");
    }
    this.#dialing?.cancel();
    this.#end("closed", "the calling side has closed it");
  }

  // The exchanges' side.

  /** Sends an exchange, or lets it wait for the connection. */
  start(exchange: Exchange): void {
    const { context } = exchange;
    const refusal = this.#unusable ?? context.cancelled;
    if (refusal !== undefined) return exchange.fail(refusal);
    if (this.#writer !== undefined) return this.#send(exchange, this.#writer);
    if (this.#waiting.size >= this.#limits.maxCalls)
      return exchange.fail(overloaded(this.#address, this.inFlight));
    this.#waiting.add(exchange);
    context.watch(exchange);
    this.#dial();
  }

  #dial(): void {
    this.#dialing ??= this.#dialWith(this.#endpoint, {
      clock: this.#clock,
      timeoutMs: this.#limits.connectMs,
      security: this.#security,
      connected: (socket, peer) => {
        if (peer !== undefined) this.#limitLifetime(peer);
        this.#connection = new Connection({
          socket,
          role: "client",
          clock: this.#clock,
          limits: this.#limits,
          hello: helloOf(this.#hello.instance, this.#hello.caller, this.#limits),
          owner: this,
        });
        return this.#connection.receive;
      },
      failed: (error) => this.#retire(error, () => this.#failAll("lost", error.message)),
    });
  }

  cancelled(exchange: Exchange, reason: KerfError): void {
    this.#giveUp(
      exchange,
      reason.code === "deadline_exceeded" ? cancelCause.deadline : cancelCause.callerLeft,
    );
    exchange.fail(reason);
  }

  credit(exchange: Exchange, items: number, bytes: number): void {
    if (this.#connection === undefined || exchange.id < 0) return;
    const { output } = this.#connection;
    output.begin(frameType.credit, exchange.id, 8);
    output.u32(items);
    output.u32(bytes);
    output.end();
    output.schedule();
  }

  leave(exchange: Exchange): void {
    this.#giveUp(exchange, cancelCause.callerLeft);
  }

  // The connection's side.

  busy(): boolean {
    return this.#sent.size > 0;
  }

  writable(): void {}

  pong(): void {
    for (const probe of this.#probes) {
      this.#probes.delete(probe);
      probe.answered();
    }
  }

  opened(): void {
    const connection = this.#connection as Connection;
    this.#counters.opened++;
    const writer = new RequestWriter(
      connection,
      connection.peer as NonNullable<Connection["peer"]>,
      this.#limits,
    );
    this.#writer = writer;
    // It has answered the greeting, which is sign enough.
    this.pong();
    for (const exchange of this.#waiting) {
      this.#waiting.delete(exchange);
      exchange.context.unwatch(exchange);
      this.#send(exchange, writer);
    }
  }

  frame(type: number, id: number, bytes: Buffer, start: number, end: number): void {
    if (type === frameType.goaway) return this.#onGoAway();
    if (type < frameType.response || type > frameType.end) throw strangeFrame(type);
    const exchange = this.#sent.get(id);
    if (exchange === undefined) {
      if (this.#sent.isPast(id)) return;
      throw new ProtocolViolation("wrong_stream", `Stream ${id} was never opened.`);
    }
    if (type !== frameType.error && exchange.streaming !== (type !== frameType.response)) {
      throw new ProtocolViolation(
        "unexpected_frame",
        `Frame type ${type} does not answer stream ${id}.`,
      );
    }
    const value =
      type === frameType.response && exchange.request.raw === true && start < end
        ? new RawJson(copyOf(bytes, start, end))
        : type === frameType.end
          ? undefined
          : readJson(bytes, start, end);
    if (type === frameType.item) return exchange.item(value, end - start);
    const error = type === frameType.error ? errorFrom(value) : undefined;
    this.#remove(exchange);
    if (error !== undefined) exchange.fail(error);
    else if (type === frameType.end) exchange.finish();
    else exchange.answer(value);
  }

  closed(reason: CloseReason, detail: string): void {
    this.#forgetLifetime?.();
    this.#counters.countClosed(reason);
    if (!isOrdinary(reason)) {
      this.#log.warn("a connection was closed", { address: this.#address, reason, detail });
    }
    this.#end(reason, detail);
  }

  // The client's own.

  #send(exchange: Exchange, writer: RequestWriter): void {
    const { context } = exchange;
    const { remainingMs } = context;
    const refusal =
      remainingMs <= 0
        ? deadlineExceeded("the call was waiting to be sent")
        : writer.refusal(exchange);
    if (refusal !== undefined) return exchange.fail(refusal);
    const connection = this.#connection as Connection;
    const id =
      this.#sent.size < (connection.peer?.maxCalls ?? 0) ? this.#sent.add(exchange) : undefined;
    if (id === undefined) return exchange.fail(overloaded(this.#address, this.inFlight));
    exchange.id = id;
    writer.write(exchange, remainingMs);
    context.watch(exchange);
    connection.watch();
    // Alone, it gains nothing from waiting for company; the first of many that were answered together is not alone.
    if (this.#sent.size === 1 && connection.framesAtOnce <= 1) connection.output.flush();
    else connection.output.schedule();
  }

  /** Tells the callee that nobody waits for its answer any more. */
  #giveUp(exchange: Exchange, cause: number): void {
    this.#counters.cancelled++;
    exchange.context.unwatch(exchange);
    if (this.#waiting.delete(exchange)) return;
    if (this.#sent.get(exchange.id) !== exchange) return;
    const { output } = this.#connection as Connection;
    output.begin(frameType.cancel, exchange.id, 1);
    output.u8(cause);
    output.end();
    output.schedule();
    this.#remove(exchange);
  }

  #remove(exchange: Exchange): void {
    this.#sent.remove(exchange.id);
    exchange.context.unwatch(exchange);
    if (this.#sent.size === 0 && this.#unusable !== undefined) {
      this.#connection?.close("closed", "Everything is answered and the other side is draining.");
    }
  }

  /** Leaves the connection in order before a certificate of it expires. */
  #limitLifetime({ endsInMs }: ProvenPeer): void {
    this.#forgetLifetime = limitLifetime({
      clock: this.#clock,
      identity: (this.#security as ClientSecurity).identity,
      endsInMs,
      retire: () => this.#onGoAway(),
      end: () => this.#connection?.close("certificate_expired", "A certificate of it expires."),
    });
  }

  #onGoAway(): void {
    this.#retire(notHere(this.#connection?.peer?.instance ?? this.#address));
    if (this.#sent.size === 0) this.#connection?.close("closed", "The other side is draining.");
  }

  #end(reason: CloseReason, detail: string): void {
    const opened = this.#writer !== undefined;
    const fail = (): void => this.#failAll(reason, detail);
    if (this.#unusable === undefined) {
      this.#retire(connectionEnded(this.#address, opened, reason, detail), fail);
    } else fail();
  }

  /** Takes no more calls; whoever listens is told once what was under way has been. */
  #retire(reason: KerfError, first?: () => void): void {
    if (this.#unusable !== undefined) return;
    this.#unusable = reason;
    for (const probe of this.#probes) {
      this.#probes.delete(probe);
      probe.failed(reason);
    }
    first?.();
    for (const listener of this.#listeners.splice(0)) listener(reason);
  }

  /** Ends everything under way: what has not left this process was not executed; of the rest nobody knows. */
  #failAll(reason: CloseReason, detail: string): void {
    const handedOver = this.#connection?.output.handedOver ?? 0;
    for (const exchange of this.#waiting) {
      this.#waiting.delete(exchange);
      exchange.context.unwatch(exchange);
      exchange.fail(this.#unusable as KerfError);
    }
    for (const exchange of this.#sent.values()) {
      this.#sent.remove(exchange.id);
      exchange.context.unwatch(exchange);
      const left = exchange.startsAt < handedOver;
      exchange.fail(lostUnderWay(this.#address, left, reason, detail));
    }
  }
}

/** A byte order mark in UTF-8, which JSON may have before it and callees of the version before do not take. */
const mark = Buffer.from([0xef, 0xbb, 0xbf]);

function bodyOf(request: Request): Body {
  const { service, operation, input } = request;
  if (input instanceof RawJson) {
    const { bytes } = input;
    return bytes.length > 3 && mark.equals(bytes.subarray(0, 3)) ? bytes.subarray(3) : bytes;
  }
  return writeJson(input, "invalid_input", `The input of ${service}.${operation}`);
}

/** Bytes of their own: the buffer of a connection is read into again. */
function copyOf(bytes: Buffer, start: number, end: number): Buffer {
  const copy = Buffer.allocUnsafe(end - start);
  bytes.copy(copy, 0, start, end);
  return copy;
}
