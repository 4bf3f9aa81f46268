import type { WindowTimes } from "./alert-windows.ts";
import {
  callAttributes,
  type CallsAt,
  type CallSeries,
  callsOverTime,
  type CountedCalls,
} from "./calls-over-time.ts";
import type { Objective } from "./objective.ts";

/**
 * From where calls are looked at. `served`: where they are answered. `callers`: in the programs that call, gateways among them, which also see
 * calls that nobody answered. Each is judged by itself, since a call is in both.
 */
export const views = { served: "kerf.server.duration", callers: "kerf.client.duration" } as const;
export type View = keyof typeof views;

/** Asks the telemetry store, see `telemetry-store/query/http.ts`. */
export type AskStore = <Answer>(path: string) => Promise<Answer>;

/** How much is read at once, milliseconds: the store answers half a million points, which a busy app has in hours. */
const pieceMs = 3_600_000;
/** What is read again each time, in steps: programs tell their metrics each 10 s, and some arrive late. */
const againSteps = 3;
const lateMs = 30_000;
/** Combinations of operations and errors of one answer. */
const mostSeries = 5_000;

/** The calls of all operations over the longest window: read once from the store, and carried on from there. */
export class CallHistory {
  readonly #ask: AskStore;
  readonly #times: WindowTimes;
  /** By view, then by operation (`orders.get`), then by the beginning of the step. */
  readonly #calls = new Map<View, Map<string, Map<number, CountedCalls>>>();
  #bounds: readonly number[] = [];
  /** Up to where it is known, milliseconds since 1970-01-01 UTC. */
  #readTo = 0;

  constructor(ask: AskStore, times: WindowTimes) {
    this.#ask = ask;
    this.#times = times;
  }

  /** Reads what came since it was last read; rejects when the store is away, and goes on from there the next time. */
  async read(objectives: readonly Objective[], now: number): Promise<void> {
    const { historyMs, stepMs } = this.#times;
    const bounds = [
      ...new Set(objectives.flatMap(({ withinMs }) => (withinMs === undefined ? [] : [withinMs]))),
    ].toSorted((a, b) => a - b);
    // Counted against other bounds, what was read says nothing.
    if (bounds.join() !== this.#bounds.join()) this.#readTo = 0;
    this.#bounds = bounds;
    const again = Math.max(againSteps * stepMs, lateMs);
    let from = stepOf(Math.max(now - historyMs, this.#readTo - again), stepMs);
    if (this.#readTo === 0) this.#calls.clear();
    while (from < now) {
      const to = Math.min(now, stepOf(from + pieceMs, stepMs));
      for (const view of Object.keys(views) as View[]) await this.#readPiece(view, from, to);
      this.#readTo = from = to;
    }
    this.#forget(now - historyMs - stepMs);
  }

  /** What counts for an objective, seen from somewhere; the earliest first. */
  steps({ kind, operation, service, withinMs }: Objective, view: View): CallsAt[] {
    const steps = this.#calls.get(view)?.get(`${service}.${operation}`)?.values() ?? [];
    const bound = this.#bounds.indexOf(withinMs ?? Number.NaN);
    const counted = [...steps].map(({ answered, at, below, calls, failed }): CallsAt => {
      if (kind === "answered") return { at, calls, failed };
      return { at, calls: answered, failed: Math.max(0, answered - (below[bound] ?? 0)) };
    });
    return counted.toSorted((a, b) => a.at - b.at);
  }

  async #readPiece(view: View, from: number, to: number): Promise<void> {
    const { stepMs } = this.#times;
    const asked = {
      name: views[view],
      by: callAttributes.join(","),
      from: String(from),
      to: String(to),
      step: String(stepMs),
      bounds: this.#bounds.map((ms) => ms / 1_000).join(","),
      limit: String(mostSeries),
    };
    const path = `/metrics?${new URLSearchParams(asked).toString()}`;
    const { series, truncated } = await this.#ask<{ series: CallSeries[]; truncated: boolean }>(
      path,
    );
    // Half of the time has half of the points.
    if (truncated && to - from >= 2 * stepMs) {
      const middle = stepOf((from + to) / 2, stepMs);
      if (middle > from) {
        await this.#readPiece(view, from, middle);
        return this.#readPiece(view, middle, to);
      }
    }
    const operations = this.#calls.get(view) ?? new Map<string, Map<number, CountedCalls>>();
    this.#calls.set(view, operations);
    for (const [operation, steps] of callsOverTime(series)) {
      const known = operations.get(operation) ?? new Map<number, CountedCalls>();
      operations.set(operation, known);
      for (const [at, step] of steps) known.set(at, step);
    }
  }

  #forget(before: number): void {
    for (const operations of this.#calls.values()) {
      for (const [operation, steps] of operations) {
        for (const at of steps.keys()) if (at < before) steps.delete(at);
        if (steps.size === 0) operations.delete(operation);
      }
    }
  }
}

function stepOf(at: number, stepMs: number): number {
  return Math.floor(at / stepMs) * stepMs;
}
