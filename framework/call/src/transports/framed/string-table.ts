import { frameType } from "./frame.ts";
import type { Output } from "./output.ts";
import { ProtocolViolation } from "./violation.ts";

/**
 * The strings that this side has defined for the other, so that names and tokens travel once instead of with every
 * call. Slots are taken in turn: a string that is still needed after its slot went to another is defined again.
 */
export class DefinedStrings {
  readonly #output: Output;
  readonly #slots: (string | undefined)[];
  readonly #ids = new Map<string, number>();
  #next = 1;
  #definitions = 0;

  /** @param slots how many strings the other side keeps */
  constructor(output: Output, slots: number) {
    this.#output = output;
    this.#slots = Array.from({ length: slots + 1 }, () => undefined);
  }

  /** How many definitions were sent: when it changed between two numbers, the first may have lost its slot. */
  get definitions(): number {
    return this.#definitions;
  }

  /** The number of `text`, defined by a frame of its own when it has none; 0 stands for no string. */
  idOf(text: string | undefined): number {
    if (text === undefined) return 0;
    return this.#ids.get(text) ?? this.#define(text);
  }

  #define(text: string): number {
    const id = this.#next;
    this.#definitions++;
    this.#next = id + 1 === this.#slots.length ? 1 : id + 1;
    const old = this.#slots[id];
    if (old !== undefined) this.#ids.delete(old);
    this.#slots[id] = text;
    this.#ids.set(text, id);
    const output = this.#output;
    output.begin(frameType.define, id, text.length * 3);
    output.text(text);
    output.end();
    return id;
  }
}

/** The strings that the other side has defined. */
export class KnownStrings {
  readonly #slots: (string | undefined)[];
  readonly #maxBytes: number;

  constructor(slots: number, maxBytes: number) {
    this.#slots = Array.from({ length: slots + 1 }, () => undefined);
    this.#maxBytes = maxBytes;
  }

  /** Takes a DEFINE frame. */
  define(id: number, bytes: Buffer, start: number, end: number): void {
    if (id < 1 || id >= this.#slots.length)
      throw new ProtocolViolation("bad_header", `String ${id} is outside of the table.`);
    if (end - start > this.#maxBytes)
      throw new ProtocolViolation("bad_header", `String ${id} is ${end - start} bytes long.`);
    this.#slots[id] = bytes.toString("utf8", start, end);
  }

  /** The string that `id` stands for. */
  get(id: number): string {
    const text = this.#slots[id];
    if (text === undefined)
      throw new ProtocolViolation("bad_header", `String ${id} was never defined.`);
    return text;
  }
}
