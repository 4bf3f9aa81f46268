import { writeSync } from "node:fs";

/** Before a statement or call is sent, or after its answer has arrived and before anybody has seen it. */
export type Phase = "before" | "after";

/** Where one process is to die. */
export interface CrashPlan {
  readonly key: string;
  /** Which time it gets there, from 1. */
  readonly occurrence: number;
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
  #reached = new Map<string, Reached>();
  #strange = new Set<string>();

  /** Begins to count anew. */
  arm(plan: CrashPlan | undefined): void {
    this.#plan = plan;
    this.#reached = new Map();
    this.#strange = new Set();
  }

  /** Does not return from the planned one. */
  reach(phase: Phase, names: readonly string[], context?: string): void {
    const key = `${phase} ${names.join(" + ")}${context === undefined ? "" : ` ← ${context}`}`;
    const reached = this.#reached.get(key) ?? { key, phase, names, count: 0 };
    this.#reached.set(key, reached);
    reached.count += 1;
    if (this.#plan?.key === key && this.#plan.occurrence === reached.count) die(key);
  }

  /** A statement that no point of the list stands for. */
  stray(text: string): void {
    this.#strange.add(text);
  }

  get reached(): Reached[] {
    return [...this.#reached.values()];
  }

  get strange(): string[] {
    return [...this.#strange];
  }
}

function die(key: string): never {
  if (process.env["KERF_CRASH_VERBOSE"] !== undefined) writeSync(2, `killed ${key}\n`);
  process.kill(process.pid, "SIGKILL");
  // The signal is on its way; nothing of ours may run meanwhile.
  for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_000);
}
