import { KerfError, type Random, seededRandom } from "@kerf/kernel";

/** Something that happens at a moment of simulated time. */
interface Happening {
  /** Milliseconds. */
  readonly at: number;
  /** Breaks ties, so that a seed always gives one order. */
  readonly order: number;
  readonly what: string;
  run: (() => void) | undefined;
}

/** Can be taken back until it happens. */
export interface Planned {
  cancel(): void;
}

/** What happened last is kept for the report of a violation: so many lines. */
const keptLines = 20_000;

/**
 * The heart of a simulation: everything that is not pure computation is planned here, at a moment that the seed decides, and happens
 * alone. Between two happenings the engines run on microtasks until nothing is left to do, so one seed is one history.
 */
export class Scheduler {
  readonly random: Random;
  readonly #queue: Happening[] = [];
  readonly #trace: { readonly at: number; readonly said: string }[] = [];
  #now = 0;
  #order = 0;
  #hash = 0x811c9dc5;
  #happened = 0;
  #fatal: Error | undefined;
  readonly #details: boolean;

  /** @param details whether the trace says what is long to say: values and answers */
  constructor(seed: number, details = false) {
    this.random = seededRandom(seed);
    this.#details = details;
  }

  /** Simulated milliseconds since the beginning. */
  get now(): number {
    return this.#now;
  }

  /** How much has happened. */
  get happened(): number {
    return this.#happened;
  }

  /** A number over the whole history: the same for two runs of one seed. */
  get hash(): string {
    return (this.#hash >>> 0).toString(16).padStart(8, "0");
  }

  /** What happened, a line each; the oldest are left out when it was very much. */
  get trace(): readonly string[] {
    return this.#trace.map(({ at, said }) => `${at.toFixed(3).padStart(11)}  ${said}`);
  }

  /** Plans `run` in `ms` milliseconds. */
  plan(ms: number, what: string, run: () => void): Planned {
    const happening: Happening = { at: this.#now + ms, order: this.#order++, what, run };
    push(this.#queue, happening);
    return { cancel: () => (happening.run = undefined) };
  }

  /** A line of the trace: what happened just now. */
  note(line: string, detail?: () => string): void {
    for (let i = 0; i < line.length; i += 1) {
      this.#hash = Math.imul(this.#hash ^ line.charCodeAt(i), 0x01000193);
    }
    this.#hash = Math.imul(this.#hash ^ Math.round(this.#now * 1_000), 0x01000193);
    const said = this.#details && detail !== undefined ? `${line}  ${detail()}` : line;
    this.#trace.push({ at: this.#now, said });
    if (this.#trace.length > 2 * keptLines) this.#trace.splice(0, keptLines);
  }

  /** Ends the run with an error: something is wrong with the simulation itself. */
  abort(error: Error): void {
    this.#fatal ??= error;
  }

  /** Lets things happen until `over` says so, `until` (simulated milliseconds) has come, or nothing is planned. */
  async run(until: number, over: () => boolean): Promise<void> {
    await settled();
    while (!over()) {
      if (this.#fatal !== undefined) throw this.#fatal;
      const next = this.#queue[0];
      if (next === undefined || next.at > until) {
        this.#now = Math.max(this.#now, until);
        return;
      }
      pop(this.#queue);
      if (next.run === undefined) continue;
      this.#now = next.at;
      this.#happened += 1;
      if (this.#happened > mostHappenings) throw neverRests(next.what);
      next.run();
      await settled();
    }
  }

  /** True with this chance. */
  chance(probability: number): boolean {
    return this.random.next() < probability;
  }

  /** A whole number in [from, to]. */
  integer(from: number, to: number): number {
    return from + Math.floor(this.random.next() * (to - from + 1));
  }

  /** A number in [from, to), mostly near `from`: what takes time is mostly short, and sometimes very long. */
  latency(from: number, to: number): number {
    return from * (to / from) ** (this.random.next() ** 3);
  }

  /** One of these. */
  pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.random.next() * from.length)] as T;
  }
}

/** A run that needs more than this goes round in circles: the longest that come to rest need a tenth. */
const mostHappenings = 200_000;

function neverRests(what: string): KerfError {
  return new KerfError("internal", {
    message: `The simulation has not come to rest after ${mostHappenings} events; the last one was ${what}.`,
    why: "Something tries again without a pause, or the bound is too low for this world.",
  });
}

/** Comes back when every promise callback that can run has run, and every connection has written what they sent. */
function settled(): Promise<void> {
  // The first turn comes before what the callbacks put off to this very turn, the second one after it.
  return new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
}

function before(a: Happening, b: Happening): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

function push(heap: Happening[], added: Happening): void {
  let at = heap.push(added) - 1;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (!before(added, heap[parent] as Happening)) break;
    heap[at] = heap[parent] as Happening;
    at = parent;
  }
  heap[at] = added;
}

function pop(heap: Happening[]): void {
  const last = heap.pop() as Happening;
  if (heap.length === 0) return;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && before(heap[child + 1] as Happening, heap[child] as Happening)) {
      child += 1;
    }
    if (before(last, heap[child] as Happening)) break;
    heap[at] = heap[child] as Happening;
    at = child;
  }
  heap[at] = last;
}
