import { KerfError } from "@kerf/kernel";

/** Bytes before each message: whether it is compressed, and its length. */
const prefixBytes = 5;

/** Watches the messages of a stream go by, and refuses one that is too large by its prefix alone. */
export class MessageBound {
  readonly #maxBytes: number;
  readonly #prefix = Buffer.alloc(prefixBytes);
  #prefixed = 0;
  #rest = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** @throws KerfError `payload_too_large` */
  pass(chunk: Buffer): void {
    for (let at = 0; at < chunk.length;) {
      if (this.#rest > 0) {
        const step = Math.min(this.#rest, chunk.length - at);
        this.#rest -= step;
        at += step;
        continue;
      }
      const step = Math.min(prefixBytes - this.#prefixed, chunk.length - at);
      chunk.copy(this.#prefix, this.#prefixed, at, at + step);
      this.#prefixed += step;
      at += step;
      if (this.#prefixed < prefixBytes) return;
      this.#prefixed = 0;
      this.#rest = this.#prefix.readUInt32BE(1);
      if (this.#rest > this.#maxBytes) {
        throw new KerfError("payload_too_large", {
          message: `A message is larger than ${this.#maxBytes} bytes.`,
          fix: "Send less in one message.",
        });
      }
    }
  }
}
