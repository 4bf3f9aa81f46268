import { KerfError } from "@kerf/kernel";
import type { SimulatedProcess } from "./process.ts";
import type { Scheduler } from "./scheduler.ts";

/** A request as it arrives. */
export interface Request {
  readonly operation: string;
  readonly input: unknown;
  readonly key: string | undefined;
  /** Aborts when the caller has gone; programs with work to end look at it. */
  readonly signal: AbortSignal;
}

/** What answers on an address. */
export interface Endpoint {
  readonly process: SimulatedProcess;
  handle(request: Request): Promise<unknown>;
}

/** What goes wrong, by its chance; all zero when the faults are over. */
export interface NetworkFaults {
  /** A message is never heard of again; the caller notices by its own time only. */
  dropped: number;
  /** A request arrives a second time, some time later. */
  duplicated: number;
  /** A message takes up to seconds. */
  slow: number;
}

/** Calls between programs: each message takes its time, gets lost, or arrives twice. */
export class SimulatedNetwork {
  readonly faults: NetworkFaults = { dropped: 0, duplicated: 0, slow: 0 };
  /** Told of each message that has arrived, before its receiver sees it. */
  onArrival: ((process: SimulatedProcess, what: string) => void) | undefined;
  readonly #scheduler: Scheduler;
  /** Names of programs that nobody reaches, and that reach nobody. */
  readonly #cutOff = new Set<string>();

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  /** No message from or to this program passes for so long. */
  cutOff(name: string, ms: number): void {
    this.#scheduler.note(`${name} is cut off for ${ms.toFixed(0)} ms`);
    this.#cutOff.add(name);
    this.#scheduler.plan(ms, `${name} is reachable again`, () => this.#cutOff.delete(name));
  }

  /** Calls an address. Rejects with `unavailable` when that program dies, and after `timeoutMs` whatever became of it. */
  call(
    from: SimulatedProcess,
    to: Endpoint,
    request: Omit<Request, "signal">,
    timeoutMs: number,
  ): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const gone = new AbortController();
      let open = true;
      const settle = (fn: () => void): void => {
        if (!open) return;
        open = false;
        timer.cancel();
        fn();
      };
      const timer = from.clock.after(timeoutMs, () =>
        settle(() => {
          // That the caller has gone is told the other side, if anything arrives there.
          this.#send(from, to.process, "a cancellation", () => gone.abort());
          reject(lost(`${to.process.name} did not answer in time`));
        }),
      );
      const answer = (what: string, fn: () => void): void => {
        if (to.process.alive) this.#send(to.process, from, what, () => settle(fn));
      };
      const arrive = (): void => {
        to.handle({ ...request, signal: gone.signal }).then(
          (value) => answer(`answer to ${request.operation}`, () => resolve(value)),
          (error: Error) => answer(`error of ${request.operation}`, () => reject(error)),
        );
      };
      to.process.onDeath(() => {
        if (open)
          this.#send(to.process, from, "a broken connection", () =>
            settle(() => reject(lost(`${to.process.name} died`))),
          );
      });
      this.#send(from, to.process, request.operation, arrive);
      if (this.#scheduler.chance(this.faults.duplicated)) {
        this.#send(from, to.process, `${request.operation} again`, arrive, 3_000);
      }
    });
  }

  #send(
    from: SimulatedProcess,
    to: SimulatedProcess,
    what: string,
    arrive: () => void,
    longestMs = 8,
  ): void {
    const scheduler = this.#scheduler;
    const isLost =
      this.#cutOff.has(from.name) ||
      this.#cutOff.has(to.name) ||
      scheduler.chance(this.faults.dropped);
    if (isLost) return scheduler.note(`${from.name} → ${to.name}: ${what} is lost`);
    const slow = scheduler.chance(this.faults.slow) ? 4_000 : longestMs;
    scheduler.plan(scheduler.latency(0.1, slow), `${from.name} → ${to.name}: ${what}`, () => {
      this.onArrival?.(to, what);
      to.deliver(arrive);
    });
  }
}

function lost(why: string): KerfError {
  return new KerfError("unavailable", { message: "No answer came.", why, retry: "unknown" });
}
