import { readSync, writeSync } from "node:fs";

/** Before a statement or call is sent, or after its answer has arrived and before anybody has seen it. */
export type Phase = "before" | "after";

/** What becomes of a process: killed for good, or paused until everybody takes it for dead. */
export type Fate = "kill" | "pause";

/** The key of a plan for whichever moment comes. */
export const anyMoment = "any";

/** Where one process is to die. */
export interface CrashPlan {
  readonly fate: Fate;
  /** A moment's, or `any` for whichever comes. */
  readonly key: string;
  /** Which time it gets there, from 1. */
  readonly occurrence: number;
  /** Of `any`: only moments whose keys match this regular expression count. */
  readonly among?: string | undefined;
}

/** Where the connection to a database is cut, the first time that a process gets there. */
export interface Cut {
  readonly key: string;
}

/** A moment that a process has come to. */
export interface Reached {
  /** Phase, names and, of what ends a transaction, what came before it in there. */
  readonly key: string;
  readonly phase: Phase;
  /** Points of the list; several where one message carries several statements. */
  readonly names: readonly string[];
  count: number;
}

/** Counts the moments that this process comes to, and kills it at the planned one. */
export class Crash {
  #plan: CrashPlan | undefined;
  #cut: Cut | undefined;
  #among: RegExp | undefined;
  /** Those that a plan for any counts. */
  #moments = 0;
  #reached = new Map<string, Reached>();
  #strange = new Set<string>();
  /** What no point stands for is none of the platform's: while migrations run, which are the author's. */
  lenient = false;

  /** Begins to count anew. */
  arm(plan: CrashPlan | undefined, cut: Cut | undefined): void {
    this.#plan = plan;
    this.#cut = cut;
    this.#among = plan?.among === undefined ? undefined : new RegExp(plan.among);
    this.#moments = 0;
    this.#reached = new Map();
    this.#strange = new Set();
  }

  /** Does not return from the one at which it is killed; answers whether the connection is to be cut here. */
  reach(phase: Phase, names: readonly string[], context?: string): boolean {
    const key = `${phase} ${names.join(" + ")}${context === undefined ? "" : ` ← ${context}`}`;
    const reached = this.#reached.get(key) ?? { key, phase, names, count: 0 };
    this.#reached.set(key, reached);
    reached.count += 1;
    if (this.#isPlanned(reached))
      if (this.#plan?.fate === "kill") die();
      else pause();
    return this.#cut?.key === key && reached.count === 1;
  }

  #isPlanned({ key, count }: Reached): boolean {
    if (this.#plan === undefined) return false;
    const { key: wanted, occurrence } = this.#plan;
    if (wanted !== anyMoment) return wanted === key && occurrence === count;
    return this.#among?.test(key) !== false && ++this.#moments === occurrence;
  }

  /** A statement that no point of the list stands for. */
  stray(text: string): void {
    if (!this.lenient) this.#strange.add(text);
  }

  get reached(): Reached[] {
    return [...this.#reached.values()];
  }

  get strange(): string[] {
    return [...this.#strange];
  }
}

/** What a process says on stderr when it pauses: nothing else would get out of it. */
export const pausedMark = "this process is paused";
/** The line from the runner on which a paused process hears that it may go on. */
export const resumeFd = 4;

/** Stands still with all that it does, as under SIGSTOP; but when the runner is gone it ends, which a stopped one would not. */
function pause(): void {
  writeSync(2, `${pausedMark}\n`);
  for (;;) {
    try {
      if (readSync(resumeFd, Buffer.alloc(1)) === 0) process.exit(0);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
      standStill(10);
    }
  }
}

function die(): never {
  process.kill(process.pid, "SIGKILL");
  // The signal is on its way; nothing of ours may run meanwhile.
  for (;;) standStill(1_000);
}

function standStill(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
