import type { PlacedInstance } from "@kerf/call";
import type { Instance } from "../supervisor/instance.ts";
import type { Supervisor } from "../supervisor/supervisor.ts";
import type { Deployment } from "./deployment.ts";
import { isGateway } from "./gateway-copies.ts";

/** Old and staged copies side by side. */
export interface Canary {
  readonly units: ReadonlySet<string>;
  /** Of the calls, for the staged copies: above 0; at 1 the old ones get none and stand by. */
  readonly share: number;
}

/** The copies of each unit that routers may know of; those of units that are no more too, as long as they finish their work. */
export function placedInstances(
  deployment: Pick<Deployment, "units">,
  supervisor: Supervisor,
  canary?: Canary,
): Record<string, PlacedInstance[]> {
  const leaving = supervisor.slots.map(({ unit }) => unit).filter((unit) => !isGateway(unit));
  return Object.fromEntries(
    [...new Set([...Object.keys(deployment.units), ...leaving])].map((unit) => {
      const serving = servingOf(supervisor, unit).map(placed);
      if (canary?.units.has(unit) !== true) return [unit, serving];
      const staged = supervisor
        .slotsOf(unit)
        .flatMap((slot) => slot.staged ?? [])
        .map(placed);
      return [unit, shared(serving, staged, canary.share)];
    }),
  );
}

/** The copies of services that change their unit, old and staged: a staged copy of the unit that they leave does not have them, one of the unit that they come to does. */
export function movingInstances(
  { units }: Pick<Deployment, "units">,
  supervisor: Pick<Supervisor, "slotsOf">,
  moving: ReadonlyMap<string, string>,
  share: number,
): Record<string, PlacedInstance[]> {
  return Object.fromEntries(
    Object.entries(units).flatMap(([from, services]) =>
      services.flatMap((service): [string, PlacedInstance[]][] => {
        const to = moving.get(service);
        if (to === undefined || to === from) return [];
        const serving = servingOf(supervisor, from);
        const staged = supervisor.slotsOf(to).flatMap((slot) => slot.staged ?? []);
        return [[service, shared(serving.map(placed), staged.map(placed), share)]];
      }),
    ),
  );
}

/**
 * The copies of a unit that are called. Where not one has a connection to us, those that live: that all of them fell silent at once is more likely ours or the machine's doing than
 * theirs, and who calls them leaves those out that do not answer.
 */
function servingOf(supervisor: Pick<Supervisor, "slotsOf">, unit: string): readonly Instance[] {
  const slots = supervisor.slotsOf(unit);
  const reachable = slots.flatMap((slot) => slot.routable);
  return reachable.length > 0 ? reachable : slots.flatMap((slot) => slot.silent ?? []);
}

function placed({ address, id, state }: Instance): PlacedInstance {
  return { id, address, state };
}

/** Old and staged copies with their weights: in sum the staged ones have `share` of all. */
function shared(
  serving: readonly PlacedInstance[],
  staged: readonly PlacedInstance[],
  share: number,
): PlacedInstance[] {
  // Staged ones that were lost leave everything to the others.
  if (staged.length === 0) return [...serving];
  if (share >= 1)
    return [...serving.map((one) => ({ ...one, state: "draining" as const })), ...staged];
  const weigh = (all: readonly PlacedInstance[], sum: number): PlacedInstance[] =>
    all.map((one) => ({ ...one, weight: sum / all.length }));
  return [...weigh(serving, 1 - share), ...weigh(staged, share)];
}
