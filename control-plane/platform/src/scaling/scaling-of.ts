import { type Deployment, external } from "../placement/deployment.ts";
import { isGateway, mostGatewayCopies } from "../placement/gateway-copies.ts";
import { scalingDefaults, type ScalingSettings } from "./settings.ts";

/** How a unit is scaled by its load: as an operator said, otherwise as the app declares; undefined when it is not. */
export function scalingOf(
  { auto, manifest }: Pick<Deployment, "auto" | "manifest">,
  unit: string,
): ScalingSettings | undefined {
  const said = auto?.[unit];
  if (said === "off") return undefined;
  const wanted = said ?? manifest.scale?.[unit];
  if (wanted === undefined) return undefined;
  const settings = isGateway(unit) ? withinPort(wanted) : wanted;
  if (Object.keys(settings.target).length > 0) return settings;
  return { ...settings, target: scalingDefaults.target };
}

/** An app may be written for a system where copies of a gateway share a port, and be developed on another. */
function withinPort({ max, min, ...rest }: ScalingSettings): ScalingSettings {
  return {
    ...rest,
    min: Math.min(min, mostGatewayCopies),
    max: Math.min(max, mostGatewayCopies),
  };
}

/**
 * Why a unit cannot do without a copy; undefined when only calls and the events that it follows need one. What works by itself is woken by nobody:
 * sagas, schedules, workers. Whoever follows its events reads them from its copies; a program in another language may do anything.
 */
export function keptAwake(deployment: Deployment, unit: string): string | undefined {
  const { manifest, units } = deployment;
  if (isGateway(unit)) return "requests of clients come to it first, and nobody else could wake it";
  const foreign = external(manifest);
  for (const name of units[unit] ?? []) {
    const service = manifest.services.find((each) => each.name === name);
    if (service === undefined) continue;
    const follower = manifest.services.find(({ follows }) => follows.includes(name));
    const reason =
      listed(`${name} runs its sagas`, service.sagas) ??
      listed(
        `${name} has schedules,`,
        service.schedules.map((schedule) => schedule.name),
      ) ??
      listed(`${name} compares itself with others,`, service.reconciliations) ??
      listed(`${name} has workers,`, service.workers) ??
      (follower && `${follower.name} reads the events of ${name} from it`) ??
      (foreign.has(name)
        ? `${name} is a program of its own, and what that does by itself is not known here`
        : undefined);
    if (reason !== undefined) return reason;
  }
  return undefined;
}

function listed(what: string, names: readonly string[]): string | undefined {
  return names.length === 0 ? undefined : `${what} ${names.join(", ")}`;
}
