import type { ReleaseStatus } from "@kerf/control-api";
import type { ShopStatus } from "../shop/running-shop.ts";
import { services } from "../workload/app/services.ts";

export const kinds = ["deploy", "rollback", "cut", "join"] as const;
export type Kind = (typeof kinds)[number];

/** The code that composes answers for the gateway. */
const backend = "web";
/** A program in another language: it has a unit to itself. */
const foreign = "recommendations";

/** What a change of one kind can be about now: the arguments of its command. `ready`: the release of each unit with which everything was ready for the first time. */
export function choicesOf(
  kind: Kind,
  { units }: Pick<ShopStatus, "units">,
  releases: readonly ReleaseStatus[],
  ready: ReadonlyMap<string, number>,
): string[][] {
  const placed = units.flatMap(({ name, services: members }) =>
    members.map((service) => ({ service, unit: name, alone: members.length === 1 })),
  );
  switch (kind) {
    case "deploy":
      return [...services, backend].map((service) => [service]);
    case "rollback":
      // One from before its secrets were set is refused, and rightly so.
      return releases
        .filter(({ number, unit }) => number >= (ready.get(unit) ?? 0))
        .filter((release) => isEarlier(release, releases))
        .map(unitAndNumber);
    case "cut":
      return placed
        .filter(({ alone, service }) => !alone && !units.some(({ name }) => name === service))
        .map(({ service }) => [service]);
    case "join":
      return placed
        .filter(({ service }) => service !== foreign)
        .flatMap(({ service, unit }) =>
          units
            .filter(({ name, services: members }) => name !== unit && !members.includes(foreign))
            .map(({ name }) => [service, name]),
        );
  }
}

/** Whether a release can be gone back to: one of the same services as now, before the one that runs. */
function isEarlier(
  { builds, number, unit }: ReleaseStatus,
  releases: readonly ReleaseStatus[],
): boolean {
  const now = releases.find((each) => each.unit === unit && each.running);
  if (now === undefined || number >= now.number) return false;
  return Object.keys(builds).toSorted().join() === Object.keys(now.builds).toSorted().join();
}

function unitAndNumber({ number, unit }: ReleaseStatus): string[] {
  return [unit, String(number)];
}
