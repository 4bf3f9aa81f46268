import { KerfError } from "@kerf/kernel";
import { mostCopies } from "@kerf/service";
import { copiesOf, type Deployment } from "../placement/deployment.ts";
import { assertSharedPort, isGateway } from "../placement/gateway-copies.ts";
import { keptAwake, scalingOf } from "../scaling/scaling-of.ts";
import type { ScalingSettings } from "../scaling/settings.ts";
import type { Plan } from "./change.ts";
import { asIs, programMembers } from "./plan.ts";

/** Another number of copies, which load does not change from then on. Throws `not_found`, or `invalid_input`. */
export function planScale(deployment: Deployment, unit: string, copies: number): Plan {
  const services = programMembers(deployment, unit);
  if (!Number.isInteger(copies) || copies < 1 || copies > mostCopies) {
    throw new KerfError("invalid_input", {
      message: `${copies} is no number of copies.`,
      fix: isGateway(unit)
        ? `Give a number from 1 to ${mostCopies}.`
        : `Give a number from 1 to ${mostCopies}; to let a unit sleep: kerf scale ${unit} --auto 0..1`,
    });
  }
  assertSharedPort(unit, copies);
  const now = copiesOf(deployment, unit);
  const isAuto = scalingOf(deployment, unit) !== undefined;
  return {
    kind: "scale",
    title: `${unit} from ${now} to ${copies}`,
    units: { [unit]: { services, copies, ...(isAuto ? { auto: "off" } : undefined) } },
    moves: [],
  };
}

/** Copies by load from now on, or as many as there are. Throws `not_found`, or `invalid_input` for bounds that cannot be. */
export function planAutoScale(
  deployment: Deployment,
  unit: string,
  auto: ScalingSettings | "off",
): Plan {
  const services = programMembers(deployment, unit);
  const copies = copiesOf(deployment, unit);
  if (auto === "off") return planScale(deployment, unit, Math.max(1, copies));
  const { max, min } = auto;
  if (min > max || max < 1 || max > mostCopies) {
    throw new KerfError("invalid_input", {
      message: `From ${min} to ${max} copies cannot be.`,
      fix: `Give bounds within 0 to ${mostCopies}: kerf scale ${unit} --auto 1..10`,
    });
  }
  assertSharedPort(unit, max);
  const reason = min === 0 ? keptAwake(deployment, unit) : undefined;
  if (reason !== undefined) {
    throw new KerfError("invalid_input", {
      message: `${unit} cannot sleep: ${reason}.`,
      why: "Only calls, and events that it follows, wake a unit that sleeps.",
      fix: `kerf scale ${unit} --auto 1..${max}`,
    });
  }
  return {
    kind: "scale",
    title: `${unit} by its load, from ${min} to ${max}`,
    units: { [unit]: { services, copies, auto } },
    moves: [],
  };
}

/** New copies of what runs in the place of all that run. Throws `not_found`, or `invalid_input` for a unit that runs elsewhere. */
export function planRestart(deployment: Deployment, unit: string): Plan {
  const kept = asIs(deployment, unit, programMembers(deployment, unit));
  return { kind: "restart", title: unit, units: { [unit]: kept }, moves: [], anew: true };
}
