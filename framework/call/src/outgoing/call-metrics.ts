import type { Clock, KerfError } from "@kerf/kernel";
import type { Counter, Histogram, Metrics } from "@kerf/telemetry";
import type { Outgoing } from "./outgoing.ts";

/** Counts and times one operation's calls to other programs, at the side of one caller. */
export class CallMetrics {
  readonly #metrics: Metrics;
  readonly #clock: Clock;
  readonly #caller: string;
  readonly #rpc: { readonly "rpc.service": string; readonly "rpc.method": string };
  readonly #attempts: Counter;
  readonly #answered: Histogram;
  readonly #refused = new Map<string, Histogram>();

  constructor(metrics: Metrics, clock: Clock, caller: string, service: string, operation: string) {
    this.#metrics = metrics;
    this.#clock = clock;
    this.#caller = caller;
    this.#rpc = { "rpc.service": service, "rpc.method": operation };
    this.#attempts = metrics.counter("kerf.client.attempts", caller, this.#rpc);
    this.#answered = metrics.histogram("kerf.client.duration", caller, this.#rpc);
  }

  /** It is over; told twice, it counts once. */
  left(call: Outgoing, error: KerfError | undefined): void {
    const { enteredAt, settledAt } = call;
    if (enteredAt < 0) return;
    call.enteredAt = -1;
    this.#attempts.add(call.attempt);
    // An answer ends the call at the moment at which it ends the attempt.
    const endedAt = error === undefined && settledAt > enteredAt ? settledAt : this.#clock.now();
    const series = error === undefined ? this.#answered : this.#refusedWith(error);
    const ms = enteredAt === 0 ? 0 : endedAt - enteredAt;
    series.record(ms, call.recorded && call.trace, endedAt);
  }

  #refusedWith({ code, declared }: KerfError): Histogram {
    let series = this.#refused.get(code);
    if (series === undefined) {
      series = this.#metrics.histogram("kerf.client.duration", this.#caller, {
        ...this.#rpc,
        "error.type": code,
        ...(declared ? { "kerf.declared": 1 } : undefined),
      });
      this.#refused.set(code, series);
    }
    return series;
  }
}
