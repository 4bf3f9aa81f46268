import type { LoadMeasured, OperationMeasured } from "@kerf/call";
import type { Clock } from "@kerf/kernel";
import { type Counted, keptMs, LoadHistory } from "./load-history.ts";
import { LoadMeter } from "./load-meter.ts";
import { emptyWindow, type LoadWindow } from "./load-window.ts";

/** Over how long processor time is averaged at least, in milliseconds. */
const cpuMs = 5_000;

/** Who measured it. */
export interface LoadSubject {
  readonly instance: string;
  /** A unit's name, or `gateway:NAME`. */
  readonly unit: string;
  /** Which release of the unit it runs; empty for one that runs from source. */
  readonly release: string;
  /** Started by an earlier platform: what it counted before its first report is of the past. */
  readonly adopted: boolean;
}

/** How an instance is at the moment. */
export interface InstanceLoad {
  readonly subject: LoadSubject;
  /** Calls from outside that are being served. */
  readonly inFlight: number;
  readonly streams: number;
  /** Processor time by time, over the last 5 to 10 s: 1 is a whole core. */
  readonly cpuShare: number;
  readonly residentBytes: number;
  /** Monotonic milliseconds. */
  readonly heardAt: number;
}

interface Known {
  load: InstanceLoad;
  readonly history: LoadHistory;
  /** By operation, as of the last report: the counts only grow. */
  readonly counted: Map<string, OperationMeasured>;
  points: readonly { readonly cpuMs: number; readonly at: number }[];
}

/** Which calls are meant. Without `operation` those of all; without `release` those of all releases. */
export interface LoadOf {
  readonly unit: string;
  readonly release?: string | undefined;
  readonly operation?: string | undefined;
}

interface OperationOf {
  readonly unit: string;
  readonly release: string;
  readonly operation: string;
}

type OperationHistory = LoadHistory & { readonly of: OperationOf };

/** What instances and gateways measured of themselves in the last five minutes: by instance, and by release and operation. */
export class LoadKeeper {
  readonly #clock: Clock;
  readonly #instances = new Map<string, Known>();
  /** By unit, release and operation. */
  readonly #operations = new Map<string, OperationHistory>();
  readonly #meters = new Set<LoadMeter>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Takes a report. */
  heard(subject: LoadSubject, measured: LoadMeasured): void {
    const now = this.#clock.now();
    const before = this.#instances.get(subject.instance);
    const known = before ?? this.#meet(subject, measured, now);
    const isPast = before === undefined && subject.adopted;
    const since = new Map<string, Counted>();
    for (const operation of measured.operations) {
      const { name } = operation;
      const added = difference(operation, known.counted.get(name));
      known.counted.set(name, operation);
      if (isPast) continue;
      since.set(name, added);
      known.history.add(now, added);
      this.#operation(subject, name, now).add(now, added);
    }
    for (const meter of this.#meters) meter.heard(subject.instance, subject.unit, since);
    const [oldest = { cpuMs: measured.cpuMs, at: now }] = known.points;
    const passedMs = now - oldest.at;
    const { inFlight, streams, residentBytes } = measured;
    known.load = {
      subject,
      inFlight,
      streams,
      cpuShare: passedMs > 0 ? Math.max(0, measured.cpuMs - oldest.cpuMs) / passedMs : 0,
      residentBytes,
      heardAt: now,
    };
    known.points = known.points
      .concat({ cpuMs: measured.cpuMs, at: now })
      .filter(({ at }) => now - at < 2 * cpuMs);
  }

  /** How an instance is; undefined when it said nothing yet. */
  instance(id: string): InstanceLoad | undefined {
    return this.#instances.get(id)?.load;
  }

  /** Every instance of a unit that reports. */
  instancesOf(unit: string): InstanceLoad[] {
    return [...this.#instances.values()]
      .map(({ load }) => load)
      .filter(({ subject }) => subject.unit === unit);
  }

  /** What an instance served in the last `lastMs` milliseconds, at most 5 minutes. */
  windowOfInstance(id: string, lastMs: number): LoadWindow {
    return this.#instances.get(id)?.history.window(this.#clock.now(), lastMs) ?? emptyWindow;
  }

  /** What the copies of a unit or of one of its releases served in the last `lastMs` milliseconds, at most 5 minutes. */
  window(asked: LoadOf, lastMs: number): LoadWindow {
    const now = this.#clock.now();
    return [...this.#operations.values()]
      .filter(
        ({ of }) =>
          of.unit === asked.unit &&
          (asked.release === undefined || of.release === asked.release) &&
          (asked.operation === undefined || of.operation === asked.operation),
      )
      .map((history) => history.window(now, lastMs))
      .reduce(together, emptyWindow);
  }

  /** Counts what is reported while `work` runs: to the second, where the windows above are kept in slices. */
  async metered<T>(work: (meter: LoadMeter) => Promise<T>): Promise<T> {
    const meter = new LoadMeter(this.#clock.now());
    this.#meters.add(meter);
    try {
      return await work(meter);
    } finally {
      this.#meters.delete(meter);
    }
  }

  /** Operations of a unit that were called in the last five minutes. */
  operationsOf(unit: string): string[] {
    const names = [...this.#operations.values()]
      .filter(({ of }) => of.unit === unit)
      .map(({ of }) => of.operation);
    return [...new Set(names)].toSorted();
  }

  #meet(subject: LoadSubject, measured: LoadMeasured, now: number): Known {
    this.#forget(now);
    const { inFlight, streams, residentBytes } = measured;
    const known: Known = {
      load: { subject, inFlight, streams, cpuShare: 0, residentBytes, heardAt: now },
      history: new LoadHistory(now),
      counted: new Map(),
      points: [],
    };
    this.#instances.set(subject.instance, known);
    return known;
  }

  #operation({ unit, release }: LoadSubject, operation: string, now: number): LoadHistory {
    const key = JSON.stringify([unit, release, operation]);
    let history = this.#operations.get(key);
    if (history === undefined) {
      this.#forget(now);
      history = Object.assign(new LoadHistory(now), { of: { unit, release, operation } });
      this.#operations.set(key, history);
    }
    return history;
  }

  /** Whoever has not been heard for as long as anything is kept has gone. Done when somebody new comes: what is kept is bounded by who runs. */
  #forget(now: number): void {
    for (const [id, { load }] of this.#instances)
      if (now - load.heardAt > keptMs) this.#instances.delete(id);
    for (const [key, { heardAt }] of this.#operations)
      if (now - heardAt > keptMs) this.#operations.delete(key);
  }
}

function difference(now: OperationMeasured, before: OperationMeasured | undefined): Counted {
  if (before === undefined) return now;
  const counts = new Map<number, number>();
  for (let at = 0; at + 1 < before.latency.length; at += 2)
    counts.set(before.latency[at] as number, before.latency[at + 1] as number);
  const latency: number[] = [];
  for (let at = 0; at + 1 < now.latency.length; at += 2) {
    const bucket = now.latency[at] as number;
    const more = (now.latency[at + 1] as number) - (counts.get(bucket) ?? 0);
    if (more > 0) latency.push(bucket, more);
  }
  return {
    calls: Math.max(0, now.calls - before.calls),
    failed: Math.max(0, now.failed - before.failed),
    latency,
  };
}

function together(one: LoadWindow, other: LoadWindow): LoadWindow {
  const [longer, shorter] =
    one.latency.length >= other.latency.length ? [one, other] : [other, one];
  return {
    seconds: Math.max(one.seconds, other.seconds),
    calls: one.calls + other.calls,
    failed: one.failed + other.failed,
    latency: longer.latency.map((count, bucket) => count + (shorter.latency[bucket] ?? 0)),
  };
}
