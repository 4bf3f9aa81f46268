interface Entry {
  readonly key: string;
  value: number;
  at: number;
}

/** Numbers by key, the least of them at hand: a binary heap that knows where each key stands. */
export class KeyedHeap {
  readonly #entries: Entry[] = [];
  readonly #byKey = new Map<string, Entry>();

  get size(): number {
    return this.#entries.length;
  }

  get(key: string): number | undefined {
    return this.#byKey.get(key)?.value;
  }

  /** The least number. */
  least(): number | undefined {
    return this.#entries[0]?.value;
  }

  /** Sets a number, which may grow but not shrink. */
  set(key: string, value: number): void {
    let entry = this.#byKey.get(key);
    if (entry === undefined) {
      entry = { key, value, at: this.#entries.length };
      this.#byKey.set(key, entry);
      this.#entries.push(entry);
      this.#up(entry);
    } else {
      entry.value = value;
      this.#down(entry);
    }
  }

  removeLeast(): void {
    const [least] = this.#entries;
    const last = this.#entries.pop();
    if (least === undefined || last === undefined) return;
    this.#byKey.delete(least.key);
    if (last === least) return;
    this.#place(last, 0);
    this.#down(last);
  }

  #up(entry: Entry): void {
    while (entry.at > 0) {
      const parent = this.#entries[(entry.at - 1) >> 1] as Entry;
      if (parent.value <= entry.value) return;
      this.#swap(parent, entry);
    }
  }

  #down(entry: Entry): void {
    for (;;) {
      const left = this.#entries[2 * entry.at + 1];
      const right = this.#entries[2 * entry.at + 2];
      const child = right !== undefined && right.value < (left as Entry).value ? right : left;
      if (child === undefined || child.value >= entry.value) return;
      this.#swap(entry, child);
    }
  }

  #swap(upper: Entry, lower: Entry): void {
    const { at } = upper;
    this.#place(upper, lower.at);
    this.#place(lower, at);
  }

  #place(entry: Entry, at: number): void {
    entry.at = at;
    this.#entries[at] = entry;
  }
}
