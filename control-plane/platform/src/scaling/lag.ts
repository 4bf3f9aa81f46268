import { type Caller, rootContext } from "@kerf/call";
import { type Clock, KerfError, type Principal, type TimerWheel } from "@kerf/kernel";
import { type ActionAnswer, operate } from "@kerf/service";
import type { Logger } from "@kerf/telemetry";

/** How often the logs are asked, and how long that may take, milliseconds: each time it is a statement in every database concerned. */
const everyMs = 5_000;
const boundMs = 4_000;
/** An answer of a unit that runs which is older counts no more, milliseconds: two looks in a row have failed. */
const staleMs = 3 * everyMs;

/** What is asked for the lag of consumers. */
export interface LagOptions {
  readonly caller: Pick<Caller, "send">;
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly log: Logger;
  readonly signPrincipal: (principal: Principal) => Promise<string> | string;
  /** The services of a unit that follow events. */
  readonly followers: (unit: string) => readonly string[];
  readonly isAsleep: (unit: string) => boolean;
}

/** What waits for a unit that follows events. */
export interface WaitingEvents {
  readonly events: number;
  /** Whether it is known how far the unit has read. As long as it is not, nobody could tell when it has to be woken. */
  readonly isKnown: boolean;
  /** Whether it has read on between the last two looks. */
  readonly hasMoved: boolean;
}

/** How far a service has read one log, as it says itself. */
interface Position {
  readonly producer: string;
  /** Of tables that are being built anew. */
  readonly building: boolean;
  readonly after: Readonly<Record<number, string>>;
}

/** What is known of a unit. */
interface Known {
  events: number;
  askedAt: number;
  answeredAt: number;
  hasMoved: boolean;
  /** By service, as it said last; of a unit that sleeps that is where it is still. */
  positions: ReadonlyMap<string, readonly Position[]>;
}

/**
 * How many events wait for units, as their consumers and the logs of their producers say; asked every 5 s, of units somebody wants to know it of. A unit
 * that sleeps is not asked: it reads nothing, so it is where it said last that it is.
 */
export class Lag {
  readonly #options: LagOptions;
  /** By unit. */
  readonly #known = new Map<string, Known>();

  constructor(options: LagOptions) {
    this.#options = options;
  }

  /** What is known by now; has it asked for again when that is old. Undefined for a unit that follows no events. */
  of(unit: string): WaitingEvents | undefined {
    const { clock, followers, isAsleep } = this.#options;
    const services = followers(unit);
    if (services.length === 0) {
      this.#known.delete(unit);
      return undefined;
    }
    const now = clock.now();
    let known = this.#known.get(unit);
    if (known === undefined) this.#known.set(unit, (known = unasked()));
    if (now - known.askedAt >= everyMs) {
      known.askedAt = now;
      void this.#ask(unit, services, known); // Never rejects.
    }
    const { answeredAt, events, hasMoved, positions } = known;
    const isKnown =
      services.every((service) => isWhole(positions.get(service))) &&
      (isAsleep(unit) || now - answeredAt <= staleMs);
    return { events, isKnown, hasMoved };
  }

  async #ask(unit: string, services: readonly string[], known: Known): Promise<void> {
    const { clock, isAsleep, log, signPrincipal, wheel } = this.#options;
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
      const positions = new Map<string, readonly Position[]>();
      for (const service of services) {
        // Asked, it would be woken by the question.
        const said = isAsleep(unit)
          ? known.positions.get(service)
          : await ask<readonly Position[]>(service, "events.positions", {});
        if (said !== undefined) positions.set(service, said);
      }
      let events = 0;
      for (const { after, producer } of [...positions.values()].flat())
        events += (await ask<{ events: number }>(producer, "events.behind", { after })).events;
      known.events = events;
      known.hasMoved = places(positions) !== places(known.positions);
      known.positions = positions;
      known.answeredAt = clock.now();
    } catch (error) {
      // What was known last stays: nobody comes or goes because of a look that failed.
      log.debug(`the lag of ${unit} is not known`, { error });
    } finally {
      context.release();
    }
  }
}

function unasked(): Known {
  const [askedAt, answeredAt] = [-Infinity, -Infinity];
  return { events: 0, askedAt, answeredAt, hasMoved: false, positions: new Map() };
}

/** Whether a service has said where it is in the logs that it follows, and nothing is being built that has to go on. */
function isWhole(positions: readonly Position[] | undefined): boolean {
  return (
    positions !== undefined &&
    positions.length > 0 &&
    positions.every(({ after, building }) => !building && Object.keys(after).length > 0)
  );
}

/** Where services are in the logs, as text that is the same when they are in the same place. */
function places(positions: ReadonlyMap<string, readonly Position[]>): string {
  return JSON.stringify(
    [...positions].map(([service, all]) => [
      service,
      all.map(({ after, producer }) => [producer, after]),
    ]),
  );
}
