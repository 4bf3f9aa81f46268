import type { Clock, KerfError, TimerWheel, Trace } from "@kerf/kernel";
import type { Histogram, Metrics } from "@kerf/telemetry";

/** Most callers whose series are kept for one operation; names of callers that are refused come from outside. */
const maxCallers = 256;
/** Of the calls inside of a process that come thicker than the wheel ticks, one in so many is timed. */
const nearSample = 16;

/** The series of the calls of one caller. */
interface OfCaller {
  readonly answered: Histogram;
  readonly refused: Map<string, Histogram>;
}

/** Counts and times the calls of one operation where they are served. */
export class ServedMetrics {
  readonly #metrics: Metrics;
  readonly #clock: Clock;
  readonly #service: string;
  readonly #operation: string;
  readonly #callers = new Map<string, OfCaller>();
  #tick = Number.NaN;
  #near = 0;

  constructor(metrics: Metrics, clock: Clock, service: string, operation: string) {
    this.#metrics = metrics;
    this.#clock = clock;
    this.#service = service;
    this.#operation = operation;
  }

  /**
   * When a call of this process begins, monotonic milliseconds; undefined of one that another one stands for. Asking for the time would be
   * a good part of what such a call costs, so that of those which come one upon the other few are timed.
   */
  nearBegin(wheel: TimerWheel): number | undefined {
    const tick = wheel.now;
    this.#near++;
    if (tick === this.#tick && this.#near % nearSample !== 0) return undefined;
    this.#tick = tick;
    return this.#clock.now();
  }

  /**
   * A call was answered; `trace` is the span in which it was served, when that is recorded.
   * @param startedAt monotonic milliseconds; undefined of one that another one stands for
   * @param endedAt undefined for now
   */
  end(
    startedAt: number | undefined,
    endedAt: number | undefined,
    caller: string,
    error: KerfError | undefined,
    trace: Trace | undefined,
  ): void {
    const own = this.#calledBy(caller);
    const series = error === undefined ? own.answered : this.#refused(own, caller, error);
    if (startedAt === undefined) series.repeat();
    else {
      const over = endedAt ?? this.#clock.now();
      series.record(over - startedAt, trace, over);
    }
  }

  #calledBy(caller: string): OfCaller {
    let own = this.#callers.get(caller);
    if (own === undefined) {
      if (this.#callers.size >= maxCallers) this.#callers.clear();
      own = { answered: this.#series(caller), refused: new Map() };
      this.#callers.set(caller, own);
    }
    return own;
  }

  #refused({ refused }: OfCaller, caller: string, { code, declared }: KerfError): Histogram {
    let series = refused.get(code);
    if (series === undefined) {
      series = this.#series(caller, {
        "error.type": code,
        ...(declared ? { "kerf.declared": 1 } : undefined),
      });
      refused.set(code, series);
    }
    return series;
  }

  #series(caller: string, ending: Readonly<Record<string, string | number>> = {}): Histogram {
    return this.#metrics.histogram("kerf.server.duration", this.#service, {
      "rpc.service": this.#service,
      "rpc.method": this.#operation,
      "kerf.caller": caller,
      ...ending,
    });
  }
}
