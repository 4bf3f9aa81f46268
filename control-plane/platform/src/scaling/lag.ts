import { type Caller, rootContext } from "@kerf/call";
import { type Clock, KerfError, type Principal, type TimerWheel } from "@kerf/kernel";
import { type ActionAnswer, operate } from "@kerf/service";
import type { Logger } from "@kerf/telemetry";

/** How often the logs are asked, and how long that may take, milliseconds: each time it is a statement in every database concerned. */
const everyMs = 5_000;
const boundMs = 4_000;

/** What is asked for the lag of consumers. */
export interface LagOptions {
  readonly caller: Caller;
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly log: Logger;
  readonly signPrincipal: (principal: Principal) => Promise<string> | string;
  /** The services of a unit that follow events. */
  readonly followers: (unit: string) => readonly string[];
}

interface Position {
  readonly producer: string;
  readonly after: Readonly<Record<number, string>>;
}

/** How many events wait for units, as their consumers and the logs of their producers say; asked every 5 s, of units somebody wants to know it of. */
export class Lag {
  readonly #options: LagOptions;
  /** By unit. */
  readonly #known = new Map<string, { events: number; askedAt: number }>();

  constructor(options: LagOptions) {
    this.#options = options;
  }

  /** What is known by now; has it asked for again when that is old. */
  of(unit: string): number {
    const now = this.#options.clock.now();
    let known = this.#known.get(unit);
    if (known === undefined) this.#known.set(unit, (known = { events: 0, askedAt: -Infinity }));
    if (now - known.askedAt >= everyMs) {
      known.askedAt = now;
      void this.#ask(unit, known); // Never rejects.
    }
    return known.events;
  }

  async #ask(unit: string, known: { events: number }): Promise<void> {
    const { clock, followers, log, signPrincipal, wheel } = this.#options;
    const principal: Principal = { subject: "operator", claims: {} };
    const principalToken = await signPrincipal(principal);
    const given = { clock, wheel, caller: "operator", deadlineMs: boundMs };
    const context = rootContext({ ...given, principal, principalToken });
    const ask = async <T>(service: string, action: string, input: unknown): Promise<T> => {
      const call = { service, operation: operate, kind: "command", context } as const;
      const sent = this.#options.caller.send({ ...call, input: { action, input } });
      const answer = (await sent) as ActionAnswer;
      if ("error" in answer) throw KerfError.fromShape(answer.error);
      return answer.output as T;
    };
    try {
      let events = 0;
      for (const service of followers(unit)) {
        for (const { after, producer } of await ask<Position[]>(service, "events.positions", {}))
          events += (await ask<{ events: number }>(producer, "events.behind", { after })).events;
      }
      known.events = events;
    } catch (error) {
      // What was known last stays: nobody comes or goes because of a look that failed.
      log.debug(`the lag of ${unit} is not known`, { error });
    } finally {
      context.release();
    }
  }
}
