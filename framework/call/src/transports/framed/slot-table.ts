/**
 * What is in flight, by stream id. An id is a slot (low 16 bits) and how often the slot was used before (high 16 bits):
 * looking one up is an array access, ids never run out, and a late frame of a call that was given up is told from the
 * call that has its slot now.
 */
export class SlotTable<T> {
  readonly #slots: (T | undefined)[] = [];
  readonly #uses: number[] = [];
  readonly #free: number[] = [];
  readonly #most: number;
  #size = 0;

  /** @param most how many may be in flight, at most 65,536 */
  constructor(most: number) {
    this.#most = most;
  }

  get size(): number {
    return this.#size;
  }

  /** Keeps `value` and returns its id; undefined when all slots are taken. */
  add(value: T): number | undefined {
    let slot = this.#free.pop();
    if (slot === undefined) {
      if (this.#slots.length === this.#most) return undefined;
      slot = this.#slots.length;
      this.#slots.push(undefined);
      this.#uses.push(0);
    }
    this.#slots[slot] = value;
    this.#size++;
    return (((this.#uses[slot] as number) << 16) | slot) >>> 0;
  }

  /** What `id` stands for now. */
  get(id: number): T | undefined {
    const slot = id & 0xffff;
    return this.#uses[slot] === id >>> 16 ? this.#slots[slot] : undefined;
  }

  /** Whether `id` was given once and is free again: frames for it may still be on their way. */
  isPast(id: number): boolean {
    const uses = this.#uses[id & 0xffff];
    if (uses === undefined) return false;
    const age = (uses - (id >>> 16)) & 0xffff;
    return age > 0 && age < 0x8000;
  }

  /** Frees the slot of an id that `get` knows. */
  remove(id: number): void {
    const slot = id & 0xffff;
    this.#slots[slot] = undefined;
    this.#uses[slot] = ((id >>> 16) + 1) & 0xffff;
    this.#free.push(slot);
    this.#size--;
  }

  /** Everything in flight. */
  *values(): IterableIterator<T> {
    for (const value of this.#slots) if (value !== undefined) yield value;
  }
}
