import type { RolloutStep } from "@kerf/control-api";
import { KerfError, toKerfError } from "@kerf/kernel";
import type { Deployment } from "../placement/deployment.ts";
import type { Instance } from "../supervisor/instance.ts";
import type { Change } from "./change.ts";

/** A second change while one is under way. */
export function underWay({ by, id, kind, title }: Change): KerfError {
  return new KerfError("change_under_way", {
    message: `Another change is under way: ${kind} ${title}.`,
    why: `${by} asked for it (${id}). There is one change at a time.`,
    fix: "Wait until it is finished, or give --wait.",
    retry: "not-executed",
  });
}

/** A change that failed: at which step, why, and what serves. */
export function nothingChanged(
  { kind, title, units }: Change,
  before: Deployment,
  {
    failedAt,
    migrated,
  }: { readonly failedAt: RolloutStep | undefined; readonly migrated: readonly string[] },
  thrown: unknown,
): KerfError {
  const cause = toKerfError(thrown);
  const where = failedAt === undefined ? "" : ` at the step ${failedAt}`;
  const but =
    migrated.length === 0
      ? ""
      : ` but tables (${migrated.join(", ")}: applied, so the file has to stay)`;
  const serves = servesOn(Object.keys(units), before);
  return new KerfError("change_failed", {
    message: `The ${kind} of ${title} failed${where}${serves}, and nothing was changed${but}: ${cause.message}`,
    why: cause.why,
    fix:
      cause.fix ??
      "Correct it and ask again. The platform's own log may say more: kerf logs platform",
    data: cause.data,
    cause: thrown,
  });
}

/** Most of why a change failed that is kept with its releases, characters; the answer has all of it. */
const longestFailure = 400;

/** Why a change failed, as its releases keep it. */
export function inOneLine(thrown: unknown): string {
  const { message, why } = toKerfError(thrown);
  const text = why === undefined ? message : `${message} ${why}`;
  return text.replaceAll(/\s+/g, " ").slice(0, longestFailure);
}

/** What was there before and is still. */
function servesOn(units: readonly string[], { released, units: placed }: Deployment): string {
  const names = units
    .filter((unit) => unit.startsWith("gateway:") || Object.hasOwn(placed, unit))
    .map((unit) => {
      const release = released?.releases[unit];
      return release === undefined ? unit : `${unit}@${release}`;
    });
  if (names.length === 0) return "";
  return `, ${names.join(", ")} ${names.length === 1 ? "serves" : "serve"} on`;
}

/** Old copies that did not come to their end, for people. */
export function endedByForce(instances: readonly Instance[]): string {
  const names = instances.map(({ id }) => id).join(", ");
  return `${names} had not finished in time and ${instances.length === 1 ? "was" : "were"} ended by force`;
}
