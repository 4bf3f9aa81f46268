import type { Rota } from "@kerf/control-api";
import { KerfError } from "@kerf/kernel";
import { Cron } from "croner";

const dayMs = 86_400_000;

/** Somebody who takes over for a while, milliseconds since 1970-01-01 UTC. */
export interface Swap {
  readonly name: string;
  readonly from: number;
  readonly until: number;
}

/** Who is on call from when to when, milliseconds since 1970-01-01 UTC. */
export interface Turn {
  readonly person: Rota["people"][number];
  readonly from: number;
  readonly until: number;
}

/** Throws `invalid_input` for a rota that cannot be followed. */
export function assertRota({ people, timeZone }: Rota): void {
  const names = people.map(({ name }) => name);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) {
    throw new KerfError("invalid_input", {
      message: `The rota names ${twice} twice.`,
      fix: "Name everybody once; their order is that of their turns.",
    });
  }
  try {
    new Intl.DateTimeFormat("en", { timeZone }).format(0);
  } catch (cause) {
    throw new KerfError("invalid_input", {
      message: `There is no time zone ${JSON.stringify(timeZone)}.`,
      fix: "Give an IANA name, such as Europe/Berlin.",
      cause,
    });
  }
}

/** Who is on call at a moment: whoever took over last, else whose turn it is. Undefined before the first turn begins. */
export function turnAt(rota: Rota, swaps: readonly Swap[], at: number): Turn | undefined {
  const swap = swaps.findLast(({ from, until }) => from <= at && at < until);
  const later = swaps.filter(({ from }) => from > at).map(({ from }) => from);
  const taken = swap && rota.people.find(({ name }) => name === swap.name);
  if (swap !== undefined && taken !== undefined)
    return { person: taken, from: swap.from, until: Math.min(swap.until, ...later) };
  const own = ownTurn(rota, at);
  return own && { ...own, until: Math.min(own.until, ...later) };
}

/** Who is on call after that, and from when; of a rota that has not begun, the first one. */
export function nextTurn(rota: Rota, swaps: readonly Swap[], at: number): Turn {
  const until = turnAt(rota, swaps, at)?.until ?? beginOf(rota, 0);
  return turnAt(rota, swaps, until) as Turn;
}

/** Whose turn it is by the rota alone. */
function ownTurn(rota: Rota, at: number): Turn | undefined {
  // Days of a change of the clocks are longer or shorter by an hour: the guess is wrong by one at most.
  let number = Math.floor((at - beginOf(rota, 0)) / (rota.turnDays * dayMs));
  if (beginOf(rota, number + 1) <= at) number++;
  else if (beginOf(rota, number) > at) number--;
  const person = rota.people[number % rota.people.length];
  if (number < 0 || person === undefined) return undefined;
  return { person, from: beginOf(rota, number), until: beginOf(rota, number + 1) };
}

/** When a turn begins: at the same hour of the day in its zone, whatever the clocks do there. An hour that a day does not have is the one after. */
function beginOf({ begins, handOver, timeZone, turnDays }: Rota, number: number): number {
  const day = new Date(Date.parse(begins) + number * turnDays * dayMs).toISOString().slice(0, 10);
  const once = new Cron(`${day}T${handOver}:00`, { timezone: timeZone, paused: true });
  return once.nextRun(new Date(0))?.getTime() ?? Number.NaN;
}
