import { type ErrorShape, KerfError } from "@kerf/kernel";
import type { Deployment } from "../placement/deployment.ts";
import type { Supervisor } from "../supervisor/supervisor.ts";
import type { Plan } from "./change.ts";

/** Whether a copy that is ready runs a service now. */
export function isServed(
  { units }: Pick<Deployment, "units">,
  supervisor: Pick<Supervisor, "slotsOf">,
  service: string,
): boolean {
  const unit = Object.keys(units).find((name) => units[name]?.includes(service));
  return supervisor
    .slotsOf(unit ?? "")
    .flatMap((slot) => slot.routable)
    .some(({ record }) => !record.heldBack.includes(service));
}

/**
 * Throws `invalid_input` when a service that is to move does not run: the copies that it would move to were started without it, or not at all, and nobody would
 * be told.
 */
export function assertServed(
  { kind, moves }: Plan,
  deployment: Deployment,
  supervisor: Pick<Supervisor, "slotsOf">,
  problemOf: (service: string) => KerfError | undefined,
): void {
  const lost = moves.find((service) => !isServed(deployment, supervisor, service));
  if (lost === undefined) return;
  const problem = problemOf(lost)?.toShape() ?? lastErrorOf(deployment, supervisor, lost);
  throw new KerfError("invalid_input", {
    message: `${lost} does not run, so there is nothing to ${kind}.`,
    why: problem?.message ?? "None of its copies is ready.",
    fix: problem?.fix ?? `See why, then do it again: kerf logs ${lost}`,
  });
}

function lastErrorOf(
  { units }: Deployment,
  supervisor: Pick<Supervisor, "slotsOf">,
  service: string,
): ErrorShape | undefined {
  const unit = Object.keys(units).find((name) => units[name]?.includes(service)) ?? "";
  return supervisor.slotsOf(unit).find(({ lastError }) => lastError !== undefined)?.lastError;
}
