import { ProtocolViolation } from "./violation.ts";

/** What a callee has in flight on one connection, by the slots that its caller chose: the low 16 bits of a stream's id. */
export class ServedSlots<T extends { readonly id: number }> {
  readonly #slots: (T | undefined)[];
  #size = 0;

  /** @param most how many slots there are */
  constructor(most: number) {
    this.#slots = Array.from({ length: most }, () => undefined);
  }

  get size(): number {
    return this.#size;
  }

  /** Throws ProtocolViolation when `id` may not be opened. */
  checkFree(id: number): void {
    if (this.#slots[this.#slotOf(id)] !== undefined) {
      throw new ProtocolViolation("wrong_stream", `Slot ${id & 0xffff} is still in use.`);
    }
  }

  add(value: T): void {
    this.#slots[value.id & 0xffff] = value;
    this.#size++;
  }

  /** What `id` stands for; undefined when it has ended, which the caller may not know yet. Throws ProtocolViolation. */
  get(id: number): T | undefined {
    const value = this.#slots[this.#slotOf(id)];
    return value?.id === id ? value : undefined;
  }

  remove(value: T): void {
    this.#slots[value.id & 0xffff] = undefined;
    this.#size--;
  }

  /** Everything in flight; taking one out while going through them is fine. */
  *values(): IterableIterator<T> {
    for (const value of this.#slots) if (value !== undefined) yield value;
  }

  #slotOf(id: number): number {
    const slot = id & 0xffff;
    if (slot < this.#slots.length) return slot;
    throw new ProtocolViolation(
      "wrong_stream",
      `Slot ${slot} is not one of ${this.#slots.length}.`,
    );
  }
}
