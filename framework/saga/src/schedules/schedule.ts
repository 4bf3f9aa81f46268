import { Cron } from "croner";
import { KerfError } from "@kerf/kernel";

/** What becomes of occurrences that nobody was there for: the newest is done, all are done, none is. */
export type Missed = "once" | "all" | "skip";

/** When something is due. */
export interface ScheduleTimes {
  /** Five fields (minute, hour, day of month, month, day of week), or six with seconds first. */
  readonly cron: string;
  /** IANA name; default UTC. Local times that a change of the clock leaves out come right after it, those that it repeats come once. */
  readonly timeZone?: string;
  /** Default `once`. */
  readonly missed?: Missed;
}

/** A schedule as its service declares it. */
export interface ScheduleDefinition extends Required<ScheduleTimes> {
  readonly name: string;
}

/** Checks what an author wrote. Throws `invalid_app` naming what is wrong. */
export function scheduleDefinition(name: string, times: ScheduleTimes): ScheduleDefinition {
  const { cron, timeZone = "UTC", missed = "once" } = times;
  const problems: string[] = [];
  if (!/^[a-z][a-z0-9-]{0,39}$/.test(name))
    problems.push(`the name must be lower-case letters, digits and "-"`);
  if (!["once", "all", "skip"].includes(missed)) problems.push("missed must be once, all or skip");
  const definition = { name, cron, timeZone, missed };
  if (!isZone(timeZone)) problems.push(`there is no time zone ${JSON.stringify(timeZone)}`);
  else {
    try {
      if (nextAfter(definition, 0) === undefined)
        problems.push(`${JSON.stringify(cron)} is never due`);
    } catch (error) {
      problems.push(`${JSON.stringify(cron)} is no schedule: ${(error as Error).message}`);
    }
  }
  if (problems.length === 0) return definition;
  throw new KerfError("invalid_app", {
    message: `The schedule ${JSON.stringify(name)} cannot be declared: ${problems.join("; ")}.`,
    fix: `Write it as in schedule("nightly", { cron: "0 3 * * *", timeZone: "Europe/Berlin" }, …).`,
  });
}

/** The first time after `wall` (milliseconds since 1970-01-01 UTC) at which it is due; undefined when it never is again. */
export function nextAfter(
  { cron, timeZone }: Pick<ScheduleDefinition, "cron" | "timeZone">,
  wall: number,
): number | undefined {
  return new Cron(cron, { timezone: timeZone, paused: true }).nextRun(new Date(wall))?.getTime();
}

function isZone(timeZone: string): boolean {
  try {
    return new Intl.DateTimeFormat("en", { timeZone }).format(0) !== "";
  } catch {
    return false;
  }
}
