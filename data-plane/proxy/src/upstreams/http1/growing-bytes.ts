import { MalformedResponse } from "./malformed-response.ts";

/** Bytes that come in pieces until their end is found; bounded. */
export class GrowingBytes {
  readonly #most: number;
  readonly #tooMany: string;
  #bytes = Buffer.allocUnsafe(1_024);
  #length = 0;

  /** @param tooMany what a {@link MalformedResponse} says when there are more than `most` */
  constructor(most: number, tooMany: string) {
    this.#most = most;
    this.#tooMany = tooMany;
  }

  get length(): number {
    return this.#length;
  }

  /** @throws MalformedResponse */
  add(piece: Buffer): void {
    const length = this.#length + piece.length;
    if (length > this.#most) throw new MalformedResponse(this.#tooMany);
    if (length > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(length, this.#bytes.length * 2));
      this.#bytes.copy(larger, 0, 0, this.#length);
      this.#bytes = larger;
    }
    piece.copy(this.#bytes, this.#length);
    this.#length = length;
  }

  /**
   * Adds `bytes` from `start` on, up to and with `mark`, which may have begun in what is here already.
   * @returns where in `bytes` it ends; undefined when it has not come, and all was added
   * @throws MalformedResponse
   */
  addThrough(bytes: Buffer, start: number, mark: Buffer): number | undefined {
    const before = this.#length;
    // As many as there may be, and one more, so that a mark beyond the bound is not found.
    const piece = bytes.subarray(start, start + this.#most - before + 1);
    const tail = Math.max(0, before - mark.length + 1);
    const added = Math.min(piece.length, this.#most - before);
    this.add(piece.subarray(0, added));
    const found = this.#bytes.subarray(0, this.#length).indexOf(mark, tail);
    if (found >= 0) {
      this.#length = found + mark.length;
      return start + this.#length - before;
    }
    if (piece.length > added) throw new MalformedResponse(this.#tooMany);
    return undefined;
  }

  text(): string {
    return this.#bytes.toString("latin1", 0, this.#length);
  }
}
