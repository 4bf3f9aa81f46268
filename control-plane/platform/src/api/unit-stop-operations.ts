import type { ServedArguments, ServedOperation } from "@kerf/call";
import type { unitStopOperations as declared } from "@kerf/control-api";
import { KerfError } from "@kerf/kernel";
import type { Supervisor } from "../supervisor/supervisor.ts";

/** How long a copy may finish what it has begun, milliseconds: whoever takes a unit away wants to see it gone. */
const drainMs = 2_000;

/** What the operations work on. */
export interface UnitStopSurroundings {
  readonly environment: string;
  readonly supervisor: Pick<Supervisor, "slotsOf">;
  /** The units that there are. */
  readonly units: () => readonly string[];
  /** Throws while a change is under way. */
  readonly assertFree: () => void;
}

/** Takes units away and brings them back, in development. */
export function unitStopOperations(
  { assertFree, environment, supervisor, units }: UnitStopSurroundings,
  inFull: (run: (args: ServedArguments) => unknown) => ServedOperation,
): { readonly [Name in keyof typeof declared]: ServedOperation } {
  const slotsOf = (unit: string): ReturnType<Supervisor["slotsOf"]> => {
    if (!units().includes(unit)) throw unknownUnit(unit, units());
    assertFree();
    return supervisor.slotsOf(unit);
  };
  return {
    stopUnit: inFull(async ({ input }) => {
      const { unit } = input as { unit: string };
      if (environment !== "dev") throw notHere(unit, environment);
      const slots = slotsOf(unit);
      const ended = slots.flatMap((slot) => slot.instances);
      await Promise.all(slots.map((slot) => slot.stop(drainMs)));
      return { instances: ended.map(({ id }) => id) };
    }),
    startUnit: inFull(async ({ input }) => {
      const { unit } = input as { unit: string };
      // One that runs is left as it is.
      const empty = slotsOf(unit).filter((slot) => slot.isVacant);
      const started = await Promise.all(empty.map((slot) => slot.replace()));
      return { instances: started.map(({ id }) => id) };
    }),
  };
}

function notHere(unit: string, environment: string): KerfError {
  return new KerfError("invalid_input", {
    message: `${unit} is not stopped: this is the environment ${environment}.`,
    why: "A unit is taken away to see what its callers do, which is for development.",
    fix: `To let it sleep while nobody calls it: kerf scale ${unit} --auto 0..1`,
  });
}

function unknownUnit(unit: string, units: readonly string[]): KerfError {
  return new KerfError("not_found", {
    message: `There is no unit ${JSON.stringify(unit)}.`,
    fix: `Give one of: ${units.join(", ")}`,
  });
}
