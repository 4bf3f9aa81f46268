import type { AppManifest } from "@kerf/service";
import type { ScalingSettings } from "../scaling/settings.ts";
import type { InForce } from "../settings/versions.ts";
import { isGateway } from "./gateway-copies.ts";

/** What is to run, as the last change left it: `state/placement.json`. */
export interface KeptPlacement {
  /** Of the file's own shape. */
  readonly version: 1;
  /** The change that left it so. */
  readonly change: string;
  /** The units as the app declared them then: once it declares others, its word is newer than the change. */
  readonly declared: Readonly<Record<string, readonly string[]>>;
  /** By name; gateways, as `gateway:NAME`, where the platform runs releases, and those whose copies somebody has set. */
  readonly units: Readonly<Record<string, KeptUnit>>;
  /** Where the platform runs releases: the digest of the build of each service and backend. */
  readonly builds?: Readonly<Record<string, string>> | undefined;
  /** Where the platform runs releases: the versions of the settings of each service that has any; a platform of the version before knew none, and ran the newest. */
  readonly settings?: Readonly<Record<string, InForce>> | undefined;
  /** Where the platform runs releases: the app, by the digest that it is kept by; a platform of the version before kept one, without a digest. */
  readonly app?: string | undefined;
  /** Which release of the app that is, and the one that ran before; absent until a platform that counts them deploys the app. */
  readonly appRelease?: number | undefined;
  readonly appBefore?: number | undefined;
  /** By gateway: services that it exposes beside those that the app names. */
  readonly expose?: Readonly<Record<string, readonly string[]>> | undefined;
}

/** A unit that is to run. */
export interface KeptUnit {
  readonly services: readonly string[];
  /** How many copies; as many as `--replicas` says when it is absent. */
  readonly copies?: number | undefined;
  /** Within which bounds the platform decides how many copies, or "off", as an operator said; as the app declares when it is absent. */
  readonly auto?: AutoScale | undefined;
  /** Where the platform runs releases: which one of the unit's. */
  readonly release?: number | undefined;
  /** The one that ran before. */
  readonly before?: number | undefined;
}

/** What an operator said of scaling. */
export type AutoScale = ScalingSettings | "off";

/** The services and copies of each unit as a change left them; undefined when the app has declared other units since. */
export function placeAsKept(
  { services, units: declared }: Pick<AppManifest, "services" | "units">,
  kept: KeptPlacement | undefined,
):
  | {
      units: Record<string, string[]>;
      copies: Record<string, number>;
      auto: Record<string, AutoScale>;
    }
  | undefined {
  if (kept === undefined || !isSame(kept.declared, declared)) return undefined;
  // Whoever declares the same units has the same services in them; what came from elsewhere is known as well, or has gone.
  const known = new Set(services.map(({ name }) => name));
  const units: Record<string, string[]> = {};
  const copies: Record<string, number> = {};
  const auto: Record<string, AutoScale> = {};
  for (const [unit, { auto: said, services: names, copies: number }] of Object.entries(
    kept.units,
  )) {
    // What runs in a gateway is the app's word.
    if (!isGateway(unit)) units[unit] = names.filter((name) => known.has(name));
    if (number !== undefined) copies[unit] = number;
    if (said !== undefined) auto[unit] = said;
  }
  return { units, copies, auto };
}

/** Whether two placements put the same services into the same units. */
function isSame(one: KeptPlacement["declared"], other: KeptPlacement["declared"]): boolean {
  return canonical(one) === canonical(other);
}

function canonical(units: KeptPlacement["declared"]): string {
  return JSON.stringify(
    Object.entries(units)
      .map(([unit, services]) => [unit, services.toSorted()])
      .toSorted(([a], [b]) => ((a as string) < (b as string) ? -1 : 1)),
  );
}
