import type { FrameSocket } from "@kerf/call";

/** A socket whose other end is bytes in memory. */
export class MemorySocket {
  /** What was written to it. */
  readonly written: Buffer[] = [];
  ended = false;
  #receive: ((bytes: Buffer) => void) | undefined;
  readonly #onClose: (() => void)[] = [];

  get asSocket(): FrameSocket {
    return this as unknown as FrameSocket;
  }

  /** Bytes come in. */
  feed(bytes: Buffer): void {
    if (!this.ended) this.#receive?.(bytes);
  }

  reads(receive: (bytes: Buffer) => void): void {
    this.#receive = receive;
  }

  on(event: string, listener: (given: never) => void): this {
    if (event === "data") this.#receive = listener as unknown as (bytes: Buffer) => void;
    if (event === "close") this.#onClose.push(listener as unknown as () => void);
    return this;
  }

  write(bytes: Buffer, written?: () => void): boolean {
    this.written.push(Buffer.from(bytes));
    queueMicrotask(() => written?.());
    return true;
  }

  end(): void {
    this.ended = true;
  }

  destroy(): void {
    this.ended = true;
    for (const listener of this.#onClose.splice(0)) listener();
  }

  pause(): void {}
  resume(): void {}
  cork(): void {}
  uncork(): void {}
  setNoDelay(): void {}
  setKeepAlive(): void {}
}
