import type { Random } from "@kerf/kernel";
import { readCorpus } from "./corpus.ts";
import { mutate } from "./mutate.ts";
import type { Target } from "./target.ts";

/** Inputs that are kept at most for one parser. */
const mostKept = 400;
/** An input that takes longer than this, milliseconds, blocks a program for all others. */
const mostMs = 1_000;
/** Tries to shorten a find. */
const shortenings = 40;

/** An input with which a parser breaks its promise. */
export interface Find {
  readonly target: string;
  readonly input: Buffer;
  readonly why: string;
}

/** The fuzzing of one parser: inputs that came to something new are kept, and lead to further ones. */
export class FuzzedTarget {
  readonly target: Target;
  readonly finds: Find[] = [];
  readonly #random: Random;
  readonly #kept: Buffer[] = [];
  readonly #seen = new Set<string>();
  runs = 0;

  constructor(target: Target, random: Random) {
    this.target = target;
    this.#random = random;
  }

  get kept(): readonly Buffer[] {
    return this.#kept;
  }

  /** Runs what is known already. */
  async start(): Promise<void> {
    for (const input of [...this.target.seeds, ...(await readCorpus(this.target.name))]) {
      await this.#try(input);
    }
  }

  /** Mutates one input, and looks what that comes to. */
  async step(): Promise<void> {
    const from = this.#kept[Math.floor(this.#random.next() * this.#kept.length)];
    if (from === undefined) return;
    await this.#try(mutate(this.#random, from, this.#kept, this.target.words));
  }

  async #try(input: Buffer): Promise<void> {
    const outcome = await this.#outcome(input);
    if (outcome === undefined || this.#seen.has(outcome) || this.#kept.length >= mostKept) return;
    this.#seen.add(outcome);
    this.#kept.push(await this.#shortened(input, outcome));
  }

  async #outcome(input: Buffer): Promise<string | undefined> {
    this.runs++;
    const started = performance.now();
    try {
      const outcome = await this.target.run(Buffer.from(input));
      const ms = performance.now() - started;
      if (ms <= mostMs) return outcome;
      this.#found(input, `It took ${ms.toFixed(0)} ms.`);
    } catch (error) {
      this.#found(input, error instanceof Error ? (error.stack ?? error.message) : String(error));
    }
    return undefined;
  }

  /** The shortest of some shorter inputs that come to the same. */
  async #shortened(input: Buffer, outcome: string): Promise<Buffer> {
    let shortest = input;
    for (let n = 0; n < shortenings && shortest.length > 1; n++) {
      const at = Math.floor(this.#random.next() * shortest.length);
      const cut = 1 + Math.floor(this.#random.next() * Math.min(32, shortest.length - at));
      const shorter = Buffer.concat([shortest.subarray(0, at), shortest.subarray(at + cut)]);
      if ((await this.#outcome(shorter)) === outcome) shortest = shorter;
    }
    return shortest;
  }

  #found(input: Buffer, why: string): void {
    // One of a kind is enough.
    if (this.finds.some((find) => kindOf(find.why) === kindOf(why))) return;
    this.finds.push({ target: this.target.name, input, why });
  }
}

/** The beginning of its first line, without numbers and quotations. */
function kindOf(why: string): string {
  const [line = ""] = why.split("\n");
  return line
    .replaceAll(/["'`].*/g, "")
    .replaceAll(/\d+/g, "n")
    .slice(0, 60);
}
