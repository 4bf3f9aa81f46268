import { KerfError } from "@kerf/kernel";

/** What whoever writes with an outdated epoch is told. */
export function staleLease({
  name,
  id,
}: {
  readonly name: string;
  readonly id: string;
}): KerfError {
  return new KerfError("stale_lease", {
    message: `Another instance has taken over the saga ${name} ${id}.`,
    why: "This one was not heard of for longer than its lease.",
    fix: "Nothing: what it was doing was refused, and the other instance goes on.",
  });
}

/** Whether another instance has taken over. */
export function isStale(error: unknown): boolean {
  return error instanceof KerfError && error.code === "stale_lease";
}
