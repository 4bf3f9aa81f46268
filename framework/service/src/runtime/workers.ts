import { setImmediate as yieldToOthers } from "node:timers/promises";
import {
  CallContext,
  type Clock,
  defaultDeadlineMs,
  delay,
  KerfError,
  type Random,
  type TimerWheel,
} from "@kerf/kernel";
import type { Reads, RedisPlace } from "@kerf/data";
import type { Logger, TracingParts } from "@kerf/telemetry";
import type { InSpan, RawClient, Worker } from "../declaration/handlers.ts";
import type { Secrets } from "../declaration/settings.ts";
import type { TokenIssuer } from "../issuer.ts";
import type { BoundService } from "./bound-service.ts";
import { readsOf } from "./reads-of.ts";
import { inScope } from "./in-scope.ts";
import { OwnSpans } from "./own-spans.ts";

/** First pause after a failed run, milliseconds, unless the worker itself pauses longer. */
const firstPauseMs = 100;
/** Longest pause after failed runs, milliseconds, unless the worker itself pauses longer: soon enough to notice that what it needs is back. */
const longestPauseMs = 5_000;

/** What a worker needs beside its service. */
export interface WorkerParts {
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly random: Random;
  readonly tracing?: TracingParts | undefined;
}

/** One worker of a service at work: run, pause, run again; never two runs at once. */
export class WorkerLoop {
  readonly #bound: BoundService;
  readonly #worker: Worker<any, any, any>;
  readonly #parts: WorkerParts;
  readonly #log: Logger;
  readonly #stopping = new AbortController();
  readonly #spans: OwnSpans<"worker">;
  #current: CallContext | undefined;
  #ended: Promise<void> | undefined;

  constructor(
    bound: BoundService,
    name: string,
    worker: Worker<any, any, any>,
    parts: WorkerParts,
  ) {
    this.#bound = bound;
    this.#worker = worker;
    this.#parts = parts;
    this.#log = bound.log.with({ worker: name });
    this.#spans = new OwnSpans("worker", bound, name, { "kerf.worker": name }, parts.tracing);
  }

  /** Starts the first run at once. Idempotent. */
  start(): void {
    this.#ended ??= this.#loop();
  }

  /** Cancels the run at hand and waits for its end; none follows. The caller bounds it. Idempotent. */
  async stop(): Promise<void> {
    const reason = new KerfError("cancelled", {
      message: `The service ${this.#bound.name} is stopping.`,
      retry: "unknown",
    });
    this.#stopping.abort(reason);
    this.#current?.cancel(reason);
    await this.#ended;
  }

  /** One run now, whatever the loop does; answers whether there is more to do, throws what the worker throws. */
  async runOnce(): Promise<boolean> {
    return this.#run(this.#newContext());
  }

  async #loop(): Promise<void> {
    let failures = 0;
    while (!this.#stopping.signal.aborted) {
      const ended = await this.#attempt();
      failures = ended === "failed" ? failures + 1 : 0;
      // Whatever else waits for this thread gets its turn between two runs.
      if (ended === "more") await yieldToOthers();
      else await this.#pause(failures);
    }
  }

  async #attempt(): Promise<"done" | "more" | "failed"> {
    const context = this.#newContext();
    this.#current = context;
    try {
      return (await this.#run(context)) ? "more" : "done";
    } catch (error) {
      if (this.#stopping.signal.aborted) return "done";
      // What another service or the database does not answer is theirs to explain, and comes back with them.
      const passes = error instanceof KerfError && error.retry !== "never";
      const message = "a run of the worker failed; it is tried again";
      this.#log.in(context.trace)[passes ? "warn" : "error"](message, { error });
      return "failed";
    } finally {
      this.#current = undefined;
    }
  }

  async #run(context: CallContext): Promise<boolean> {
    const run = new WorkerRun(this.#bound, context, this.#log);
    try {
      const more = await this.#spans.during(context.trace, () =>
        inScope(this.#bound, context.trace, () => this.#worker.run(run as never)),
      );
      return more === true;
    } finally {
      context.release();
    }
  }

  #newContext(): CallContext {
    const { clock, wheel } = this.#parts;
    return new CallContext({
      clock,
      wheel,
      deadline: wheel.now + (this.#worker.deadlineMs ?? defaultDeadlineMs),
      trace: this.#spans.begin(),
      caller: this.#bound.name,
    });
  }

  async #pause(failures: number): Promise<void> {
    const pauseMs = this.#pauseMs(failures);
    await delay(this.#parts.clock, pauseMs, this.#stopping.signal).catch(() => undefined);
  }

  /** Exponential, with a little chance so that instances that failed together do not come back together. */
  #pauseMs(failures: number): number {
    const { everyMs } = this.#worker;
    if (failures === 0) return everyMs;
    const longest = Math.max(longestPauseMs, everyMs);
    const pause = Math.min(
      longest,
      Math.max(firstPauseMs, everyMs) * 2 ** Math.min(failures - 1, 16),
    );
    return pause * (0.75 + this.#parts.random.next() / 4);
  }
}

/** What a worker is given at each run; made when it asks for it, like a handler's arguments. */
class WorkerRun {
  readonly #bound: BoundService;
  readonly #context: CallContext;
  readonly #log: Logger;
  #reads: Reads | undefined;

  constructor(bound: BoundService, context: CallContext, log: Logger) {
    this.#bound = bound;
    this.#context = context;
    this.#log = log;
  }

  get self(): unknown {
    return this.#bound.self(this.#context);
  }

  get clients(): Readonly<Record<string, unknown>> {
    return this.#bound.clients(this.#context);
  }

  get db(): unknown {
    return this.#read().db;
  }

  get raw(): RawClient {
    return this.#read().raw;
  }

  get log(): Logger {
    return this.#log.in(this.#context.trace);
  }

  get span(): InSpan<any> {
    return this.#bound.spanIn(this.#context, () => this.#bound.hidden, this.#log);
  }

  get clock(): Clock {
    return this.#bound.clock;
  }

  get signal(): AbortSignal {
    return this.#context.signal;
  }

  get issuer(): TokenIssuer {
    return this.#bound.issuer;
  }

  get config(): unknown {
    return this.#bound.settings.config;
  }

  get secrets(): Secrets {
    return this.#bound.settings.secrets;
  }

  get redis(): RedisPlace {
    return this.#bound.redis;
  }

  #read(): Reads {
    return (this.#reads ??= readsOf(this.#bound, this.#context));
  }
}
