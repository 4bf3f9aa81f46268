import { type Clock, describeError, type Timer } from "@kerf/kernel";
import { Decoder } from "./decoder.ts";
import { frameType } from "./frame.ts";
import type { FrameSocket } from "./frame-socket.ts";
import { chooseVersion, type Hello, maxHelloBytes, prefaceFor, readHello } from "./hello.ts";
import { readJson } from "./json-body.ts";
import type { FramedLimits } from "./limits.ts";
import { Output, roomFor } from "./output.ts";
import { PerSecond } from "./per-second.ts";
import { type CloseReason, ProtocolViolation } from "./violation.ts";

/** Longest text of a CLOSE frame, in characters. */
const maxCloseText = 512;
/** Milliseconds of silence until the system probes an idle TCP connection; most routers forget one after some minutes. */
const keepAliveMs = 60_000;
/** Milliseconds that a closing socket gets to send what it still has. */
const lingerMs = 500;

/** What a connection is part of: the calling or the serving side. */
export interface ConnectionOwner {
  /** The handshake is done. */
  opened(): void;
  /** A frame that is not the connection's own business. Throws ProtocolViolation when it is not to be. */
  frame(type: number, stream: number, bytes: Buffer, start: number, end: number): void;
  /** Everything that came at once has been read. */
  read?(): void;
  /** Whether anybody waits for something: only then does silence mean anything. */
  busy(): boolean;
  /** The socket has taken what waited for it: production may go on. */
  writable(): void;
  /** It is over; comes once, and nothing comes after it. */
  closed(reason: CloseReason, detail: string): void;
  /** The other side answered a ping. */
  pong(): void;
}

/**
 * One connection, whichever side opened it: handshake, frames in and out, pings, back-pressure of the socket, and
 * exactly one end with exactly one reason.
 */
export class Connection {
  readonly output: Output;
  /** What the other side said of itself; set once `opened` has been called. */
  peer: Hello | undefined;
  /** The version that both speak. */
  version = 0;
  /** Monotonic milliseconds at which the bytes now being read arrived. */
  receivedAt: number;
  /** How many frames came with the last bytes: with more than one, more than one will have something to say. */
  framesAtOnce = 0;
  /** Whether frames are being read. */
  reading = false;
  readonly #socket: FrameSocket;
  readonly #role: "client" | "server";
  readonly #clock: Clock;
  readonly #limits: FramedLimits;
  readonly #hello: Hello;
  readonly #owner: ConnectionOwner;
  readonly #decoder: Decoder;
  readonly #handshake: Timer;
  readonly #pings: PerSecond;
  #watch: Timer | undefined;
  #heard = false;
  #pinged = false;
  #slow = false;
  #ended = false;
  #detail: string | undefined;

  constructor(options: {
    socket: FrameSocket;
    role: "client" | "server";
    clock: Clock;
    limits: FramedLimits;
    hello: Hello;
    owner: ConnectionOwner;
  }) {
    this.#socket = options.socket;
    this.#role = options.role;
    this.#clock = options.clock;
    this.#limits = options.limits;
    this.#hello = options.hello;
    this.#owner = options.owner;
    this.#pings = new PerSecond(options.limits.pingsPerSecond);
    this.receivedAt = options.clock.now();
    this.output = new Output(options.socket, this.#onFlushed);
    this.#decoder = new Decoder({ preface: this.#onPreface, frame: this.#onFrame }, maxHelloBytes);
    this.#handshake = options.clock.after(options.limits.handshakeMs, () =>
      this.close(
        "handshake_timeout",
        `The other side did not finish the handshake within ${options.limits.handshakeMs} ms.`,
      ),
    );
    const socket = options.socket;
    socket.setNoDelay(true);
    // An idle TCP connection whose other end vanished is the system's to find; we send nothing of our own then.
    socket.setKeepAlive(true, keepAliveMs);
    if (this.#role === "server") socket.on("data", this.receive);
    socket.on("error", (error) => (this.#detail ??= error.message));
    socket.on("close", () =>
      this.#over("lost", this.#detail ?? "The other side closed the connection."),
    );
    if (this.#role === "client") this.#greet();
  }

  get open(): boolean {
    return this.peer !== undefined && !this.#ended;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Whether so much waits for the socket that nothing should be made for it. */
  get congested(): boolean {
    return this.#slow;
  }

  /** Call when something begins to wait for the other side: from now on its silence is noticed. */
  watch(): void {
    if (this.#watch === undefined && !this.#ended) this.#expect(this.#limits.silenceMs);
  }

  /** Asks the other side for a sign of life. */
  ping(): void {
    this.output.begin(frameType.ping, 0, 0);
    this.output.end();
    this.output.schedule();
  }

  /** Call after answers were queued: gives up on a reader that takes nothing, and reads no more while it is slow. */
  queued(): void {
    const waiting = this.output.waiting;
    if (waiting <= this.#limits.pauseOutputBytes) return;
    if (waiting > this.#limits.maxOutputBytes) {
      this.close("slow_reader", `The other side left ${waiting} bytes unread.`);
    } else if (!this.#slow) {
      this.#slow = true;
      this.#socket.pause();
    }
  }

  /** Ends the connection, telling the other side why when it may be able to read it. */
  close(reason: CloseReason, detail: string): void {
    if (this.#ended) return;
    if (this.peer !== undefined) {
      const text = `${reason}: ${detail}`.slice(0, maxCloseText);
      this.output.begin(frameType.close, 0, roomFor(text));
      this.output.text(text);
      this.output.end();
    }
    this.output.flush();
    this.output.stop();
    const socket = this.#socket;
    socket.end();
    this.#clock.after(lingerMs, () => socket.destroy());
    this.#over(reason, detail);
  }

  #greet(): void {
    this.output.preface(prefaceFor());
    const text = JSON.stringify(this.#hello);
    this.output.begin(frameType.hello, 0, roomFor(text));
    this.output.text(text);
    this.output.end();
    this.output.flush();
  }

  /** Takes bytes that came in; what a caller's socket reads is handed here by whoever made the socket. */
  readonly receive = (chunk: Buffer): void => {
    this.#heard = true;
    this.framesAtOnce = 0;
    this.receivedAt = this.#clock.now();
    this.reading = true;
    try {
      this.#decoder.push(chunk);
      this.reading = false;
      this.#owner.read?.();
    } catch (thrown) {
      this.reading = false;
      // Whatever a stranger's bytes set off, it ends with this connection.
      if (thrown instanceof ProtocolViolation) this.close(thrown.reason, thrown.message);
      else this.close("failed", describeError(thrown));
    }
  };

  readonly #onPreface = (min: number, max: number): void => {
    try {
      this.version = chooseVersion(min, max);
    } catch (thrown) {
      // The other side learns our range and can say the same.
      if (this.#role === "server") this.output.preface(prefaceFor());
      throw thrown;
    }
  };

  readonly #onFrame = (
    type: number,
    stream: number,
    bytes: Buffer,
    start: number,
    end: number,
  ): void => {
    this.framesAtOnce++;
    if (this.peer === undefined) return this.#onHello(type, bytes, start, end);
    switch (type) {
      case frameType.ping:
        return this.#onPing();
      case frameType.pong:
        return this.#owner.pong();
      case frameType.hello:
        throw new ProtocolViolation("unexpected_frame", "A second HELLO came.");
      case frameType.close:
        return this.#onClose(bytes.toString("utf8", start, Math.min(end, start + maxCloseText)));
      default:
        return this.#owner.frame(type, stream, bytes, start, end);
    }
  };

  #onHello(type: number, bytes: Buffer, start: number, end: number): void {
    // A callee that refuses whoever connects greets nobody.
    if (type === frameType.close && this.#role === "client")
      return this.#onClose(bytes.toString("utf8", start, Math.min(end, start + maxCloseText)));
    if (type !== frameType.hello)
      throw new ProtocolViolation("unexpected_frame", `Frame type ${type} came before the HELLO.`);
    const hello = readHello(readJson(bytes, start, end));
    if (this.#role === "server") this.#greet();
    this.peer = hello;
    this.#handshake.cancel();
    this.#decoder.maxFrameBytes = this.#limits.maxFrameBytes;
    this.#owner.opened();
  }

  #onPing(): void {
    if (this.#pings.exceeds(this.receivedAt)) {
      throw new ProtocolViolation(
        "too_many_pings",
        `More than ${this.#limits.pingsPerSecond} pings came within a second.`,
      );
    }
    this.output.begin(frameType.pong, 0, 0);
    this.output.end();
    this.output.schedule();
  }

  #onClose(text: string): void {
    this.output.stop();
    this.#socket.destroy();
    this.#over(text.startsWith("closed:") ? "closed_by_peer" : "rejected", text);
  }

  readonly #onFlushed = (): void => {
    if (!this.#slow || this.#ended || this.output.waiting > this.#limits.pauseOutputBytes / 2)
      return;
    this.#slow = false;
    this.#owner.writable();
    this.#socket.resume();
  };

  /** Looks again after `ms`: whoever was silent all that time is pinged, whoever was then still silent is lost. */
  #expect(ms: number): void {
    this.#heard = false;
    const due = this.#clock.now() + ms;
    this.#watch = this.#clock.after(ms, () => {
      this.#watch = undefined;
      if (this.#ended) return;
      const waiting = this.#owner.busy() || this.output.waiting > 0;
      // When this process itself stood still, the answer may lie unread in the socket: that proves nothing.
      const late = this.#clock.now() - due > this.#limits.silenceMs / 2;
      if (!waiting || this.#heard || late) {
        this.#pinged = false;
        if (waiting) this.#expect(this.#limits.silenceMs);
      } else if (this.#pinged) {
        this.output.stop();
        this.#socket.destroy();
        this.#over(
          "silent",
          `The other side was silent for ${this.#limits.silenceMs + this.#limits.pongMs} ms and did not answer a ping.`,
        );
      } else {
        this.#pinged = true;
        this.ping();
        this.#expect(this.#limits.pongMs);
      }
    });
  }

  #over(reason: CloseReason, detail: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#handshake.cancel();
    this.#watch?.cancel();
    this.output.stop();
    this.#decoder.stop();
    this.#owner.closed(reason, detail);
  }
}
