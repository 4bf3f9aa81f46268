import type { Random } from "@kerf/kernel";
import { between, pick, shuffled } from "../workload/draw.ts";
import type { DrawnFault, Fault } from "./faults/fault.ts";

/** The load runs undisturbed before the first fault, milliseconds. */
const calmMs = 4_000;
/** Pause between two faults, milliseconds; what lasts longer meets the next one. */
const pauseMs = [2_000, 7_000] as const;

/** How often two hit at once: the second within so many milliseconds. */
const pairs = 0.35;
const pairMs = [0, 500] as const;

/** What hits when: drawn like cards of shuffled decks, so that every kind comes up before any comes up again. What would last beyond the end is left out. */
export function drawPlan(random: Random, faults: readonly Fault[], lengthMs: number): DrawnFault[] {
  const plan: DrawnFault[] = [];
  let deck: Fault[] = [];
  for (let at = calmMs; at < lengthMs; at += pauseAfter(random)) {
    if (deck.length === 0) deck = shuffled(random, faults);
    const fault = deck.pop() as Fault;
    const drawn = {
      fault,
      at: Math.round(at),
      target: pick(random, fault.targets),
      which: random.next(),
      lastsMs: fault.lasts === undefined ? 0 : Math.round(between(random, ...fault.lasts)),
    };
    if (drawn.at + drawn.lastsMs <= lengthMs) plan.push(drawn);
  }
  return plan;
}

function pauseAfter(random: Random): number {
  const [least, most] = random.next() < pairs ? pairMs : pauseMs;
  return between(random, least, most);
}
