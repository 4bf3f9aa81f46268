import type { KeptAnswer } from "./kept-answer.ts";

/** Answers by their key, bounded in number and bytes; those that were not asked for longest go first. */
export class KeptAnswers {
  readonly #maxAnswers: number;
  readonly #maxBytes: number;
  readonly #answers = new Map<string, KeptAnswer>();
  /** Keys of the answers of one resource. */
  readonly #ofResource = new Map<string, Set<string>>();
  #bytes = 0;

  constructor(maxAnswers: number, maxBytes: number) {
    this.#maxAnswers = maxAnswers;
    this.#maxBytes = maxBytes;
  }

  get size(): number {
    return this.#answers.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get(key: string): KeptAnswer | undefined {
    const kept = this.#answers.get(key);
    if (kept === undefined) return undefined;
    this.#answers.delete(key);
    this.#answers.set(key, kept);
    return kept;
  }

  set(kept: KeptAnswer): void {
    this.delete(kept.key);
    if (kept.bytes > this.#maxBytes) return;
    this.#answers.set(kept.key, kept);
    this.#bytes += kept.bytes;
    let keys = this.#ofResource.get(kept.resource);
    if (keys === undefined) this.#ofResource.set(kept.resource, (keys = new Set()));
    keys.add(kept.key);
    for (const oldest of this.#answers.keys()) {
      if (this.#answers.size <= this.#maxAnswers && this.#bytes <= this.#maxBytes) return;
      this.delete(oldest);
    }
  }

  delete(key: string): void {
    const kept = this.#answers.get(key);
    if (kept === undefined) return;
    this.#answers.delete(key);
    this.#bytes -= kept.bytes;
    const keys = this.#ofResource.get(kept.resource);
    keys?.delete(key);
    if (keys?.size === 0) this.#ofResource.delete(kept.resource);
  }

  /** Forgets every answer of a resource. */
  forget(resource: string): void {
    for (const key of this.#ofResource.get(resource) ?? []) this.delete(key);
  }
}
