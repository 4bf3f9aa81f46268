import type { Random } from "@kerf/kernel";
import type { Fate, Phase, Reached } from "../hook/crash.ts";
import { type CrashPoint, reachable, unreached } from "../points.ts";
import type { Scenario } from "../scenario.ts";
import type { Killing } from "./run.ts";

/** One kill of one process in one scenario. */
export interface PlannedRun {
  readonly scenario: Scenario;
  readonly killing: Killing;
  readonly phase: Phase;
  /** Points of the list that it stands for. */
  readonly names: readonly string[];
}

/** What the processes of a run came to, by their names. */
export type Recording = ReadonlyMap<string, readonly Reached[]>;

/** How a planned run is called in the output and by `--only`. */
export function labelOf({
  scenario,
  killing: { process, fate, key, occurrence },
}: PlannedRun): string {
  const paused = fate === "pause" ? " paused" : "";
  return `${scenario.name}/${process}${paused} ${key} #${occurrence}`;
}

/** The run with a label, which `labelOf` has written. Throws what no label is. */
export function plannedFrom(label: string, scenarios: readonly Scenario[]): PlannedRun {
  const [, name, process = "", paused, key = "", phase, occurrence] =
    /^([\w-]+)\/([\w-]+)( paused)? ((?:(before|after) .+)|any) #(\d+)$/.exec(label) ?? [];
  const scenario = scenarios.find((one) => one.name === name);
  if (scenario === undefined || !Object.hasOwn(scenario.processes, process))
    throw new Error(`There is no run ${label}; npm run crash -- --list says which there are.`);
  const fate: Fate = paused === undefined ? "kill" : "pause";
  const killing = { process, fate, key, occurrence: Number(occurrence) };
  return { scenario, killing, phase: phase === "after" ? "after" : "before", names: [] };
}

/** Every moment that the processes of a recorded run came to: the first time that it came, and one that is drawn of the others. */
export function planOf(scenario: Scenario, recorded: Recording, random: Random): PlannedRun[] {
  const planned: PlannedRun[] = [];
  for (const [process, moments] of recorded) {
    if (scenario.killed?.includes(process) === false) continue;
    for (const { key, phase, names, count } of moments) {
      const { among } = scenario;
      if (among?.test(key) === false) continue;
      const drawn = count > 1 ? [2 + Math.floor(random.next() * (count - 1))] : [];
      const fates: readonly Fate[] =
        scenario.paused?.includes(process) === true && holdsNoLock(phase, names)
          ? ["kill", "pause"]
          : ["kill"];
      for (const fate of fates)
        for (const occurrence of [1, ...drawn])
          planned.push({ scenario, killing: { process, fate, key, occurrence }, phase, names });
    }
  }
  return planned;
}

/** Outside of a transaction: inside of one the others would wait until the server ends it. */
function holdsNoLock(phase: Phase, [first = ""]: readonly string[]): boolean {
  if (first.startsWith("call path")) return true;
  return phase === "before" ? first.endsWith(": begin") : /: (commit|rollback)$/.test(first);
}

/** What is wrong with the list of points, given the runs in which somebody was killed: points without one, and excuses without need. */
export function gapsOf(
  killed: readonly Pick<PlannedRun, "phase" | "names">[],
  all: readonly Pick<CrashPoint, "name">[] = reachable,
  excuses: Readonly<Record<string, string>> = unreached,
): string[] {
  const met = new Set(
    killed.flatMap(({ phase, names }) => names.map((name) => `${phase} ${name}`)),
  );
  return all.flatMap(({ name }) =>
    (["before", "after"] as const).flatMap((phase) => {
      const moment = `${phase} ${name}`;
      const excused = Object.hasOwn(excuses, name);
      if (met.has(moment) && excused) return [`${moment} was reached, and is excused in points.ts`];
      if (met.has(moment) || excused) return [];
      return [`nobody was killed ${moment}: no scenario comes there`];
    }),
  );
}
