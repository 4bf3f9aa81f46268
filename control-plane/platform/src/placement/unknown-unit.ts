import { KerfError } from "@kerf/kernel";
import type { Deployment } from "./deployment.ts";

/** `not_found` for a name that no unit has; whoever named a service is told where it is. `units`: what could have been meant. */
export function unknownUnit(
  { units }: Pick<Deployment, "units">,
  name: string,
  known: readonly string[] = Object.keys(units),
): KerfError {
  const message = `There is no unit ${JSON.stringify(name)}.`;
  const unit = Object.keys(units).find((each) => units[each]?.includes(name));
  if (unit === undefined)
    return new KerfError("not_found", { message, fix: `Give one of: ${known.join(", ")}` });
  const others = units[unit]?.filter((service) => service !== name) ?? [];
  return new KerfError("not_found", {
    message,
    why: `${name} is a service of the unit ${unit}${others.length === 0 ? "" : `, together with ${others.join(", ")}`}.`,
    fix: `Name the unit: ${unit}. To give ${name} one of its own: kerf cut ${name}`,
  });
}
