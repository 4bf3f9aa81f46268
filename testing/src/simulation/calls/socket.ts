import type { FrameSocket } from "@kerf/call";
import type { SimulatedProcess } from "../process.ts";
import type { Lane } from "./lane.ts";

/** Bytes that fit between two programs before a writer has to wait: the buffers of both systems. */
const bufferBytes = 128 * 1024;

type Receive = (bytes: Buffer) => void;
type Written = ((error?: Error | null) => void) | undefined;

/**
 * One end of a simulated connection. What the system below does goes on while the program is paused: it takes what arrives until its buffer is
 * full, and ends the connection when the program dies.
 */
export class SimulatedSocket {
  readonly process: SimulatedProcess;
  readonly #out: Lane;
  readonly #onClosed: (socket: SimulatedSocket) => void;
  readonly #unread: Buffer[] = [];
  readonly #waiting: Written[] = [];
  readonly #onError: ((error: Error) => void)[] = [];
  readonly #onClose: (() => void)[] = [];
  #peer: SimulatedSocket | undefined;
  #receive: Receive | undefined;
  /** Bytes that the other program has not read yet. */
  #outstanding = 0;
  #paused = false;
  #ending = false;
  #finished = false;
  #closed = false;

  constructor(process: SimulatedProcess, out: Lane, onClosed: (socket: SimulatedSocket) => void) {
    this.process = process;
    this.#out = out;
    this.#onClosed = onClosed;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** As the call path sees it. */
  get asSocket(): FrameSocket {
    return this as unknown as FrameSocket;
  }

  pairWith(peer: SimulatedSocket): void {
    this.#peer = peer;
  }

  /** Where bytes go that come in. */
  reads(receive: Receive): void {
    this.#receive = receive;
    this.#read();
  }

  // What the call path asks for.

  on(event: string, listener: (given: never) => void): this {
    if (event === "data") this.reads(listener as unknown as Receive);
    else if (event === "error") this.#onError.push(listener as unknown as (error: Error) => void);
    else if (event === "close") this.#onClose.push(listener as unknown as () => void);
    return this;
  }

  write(bytes: Buffer, written?: Written): boolean {
    if (this.#closed || this.#finished) {
      this.#later(() => written?.(new Error("EPIPE")));
      return false;
    }
    // The writer uses its buffer again once it is told that this was written.
    const copy = Buffer.from(bytes);
    this.#outstanding += copy.length;
    this.#out.send(`${copy.length} bytes`, () => this.#peer?.arrived(copy));
    this.#waiting.push(written);
    this.#tellWritten();
    return true;
  }

  end(): void {
    if (this.#closed || this.#finished) return;
    this.#finished = true;
    this.#out.send("end", () => this.#peer?.ended());
  }

  destroy(): void {
    if (this.#closed) return;
    this.end();
    this.#shut(undefined);
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#later(() => this.#read());
  }

  cork(): void {}
  uncork(): void {}
  setNoDelay(): void {}
  setKeepAlive(): void {}

  // What the system below does.

  /** Bytes have come; the program reads them when it can. */
  arrived(bytes: Buffer): void {
    if (this.#closed) return;
    this.#unread.push(bytes);
    this.process.deliver(() => this.#read());
  }

  /** The other side sends nothing more. */
  ended(): void {
    if (this.#closed) return;
    this.#ending = true;
    this.process.deliver(() => this.#read());
  }

  /** The connection breaks: nothing of what is on its way arrives. */
  reset(): void {
    if (this.#closed) return;
    this.#out.clear();
    this.process.deliver(() => this.#shut(new Error("ECONNRESET")));
  }

  /** The program is dead: its system tells the other side, after what was written. */
  died(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#onClosed(this);
    this.#out.send("reset", () => this.#peer?.reset());
  }

  /** The other program has read so much. */
  taken(bytes: number): void {
    this.#outstanding -= bytes;
    this.#tellWritten();
  }

  #read(): void {
    while (!this.#paused && !this.#closed && this.#receive !== undefined) {
      const bytes = this.#unread.shift();
      if (bytes === undefined) {
        // As net.Socket does without allowHalfOpen: an end is answered by an end.
        if (this.#ending) this.destroy();
        return;
      }
      this.#peer?.taken(bytes.length);
      this.#receive(bytes);
    }
  }

  #tellWritten(): void {
    if (this.#outstanding > bufferBytes) return;
    for (const written of this.#waiting.splice(0)) this.#later(() => written?.(null));
  }

  #shut(error: Error | undefined): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#unread.length = 0;
    this.#onClosed(this);
    for (const written of this.#waiting.splice(0)) this.#later(() => written?.(new Error("EPIPE")));
    this.#later(() => {
      if (error !== undefined) for (const listener of this.#onError) listener(error);
      for (const listener of this.#onClose) listener();
    });
  }

  /** In a turn of its own, as the system's callbacks come. */
  #later(fn: () => void): void {
    this.process.clock.after(0, fn);
  }
}
