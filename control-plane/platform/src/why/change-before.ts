import type { AuditEntry } from "@kerf/control-api";
import type { Cause } from "./cause.ts";

/** How long before a failure a change is told with it, milliseconds: what went wrong since yesterday may be of yesterday. */
const before = 24 * 3_600_000;
/** A change goes on record when it is over; its new code is called before that, as long as it is watched, milliseconds. */
const after = 300_000;
/** One that failed was undone, and did nothing before it began: it counts for what failed so long before its end at most, milliseconds. */
const undoneAfter = 60_000;

const passive: Readonly<Record<string, string>> = {
  deploy: "was deployed",
  rollback: "was rolled back",
  restart: "was restarted",
  scale: "was scaled",
  cut: "was cut out",
  join: "was joined to another unit",
  changeConfig: "was configured anew",
  setSecret: "was given a new secret",
  removeSecret: "had a secret removed",
  rotateDatabasePasswords: "was given a new database password",
  moveDatabase: "had its database moved",
};

/** The last change of the service that failed, or of its unit, before it did; undefined when there was none for a day. */
export function changeBefore(
  { at, service }: Pick<Cause, "at" | "service">,
  unit: string | undefined,
  entries: readonly AuditEntry[],
): AuditEntry | undefined {
  const failedAt = at / 1_000;
  return entries.findLast((entry) => {
    const ended = Date.parse(entry.at);
    return (
      (names(entry, service) || touches(entry, unit)) &&
      Object.hasOwn(passive, entry.action) &&
      (entry.result === "done"
        ? ended >= failedAt - before && ended <= failedAt + after
        : ended >= failedAt && ended <= failedAt + undoneAfter)
    );
  });
}

/** Whether a change was asked for by the service's name. */
function names({ asked, service }: AuditEntry, name: string): boolean {
  return service === name || Object.hasOwn((asked?.["builds"] ?? {}) as object, name);
}

/** Whether a change was of the unit, or had an effect on it. */
function touches({ after: now, before: then, unit: asked }: AuditEntry, unit = ""): boolean {
  const has = (side: AuditEntry["after"]): boolean =>
    typeof side === "object" && side !== null && Object.hasOwn(side, unit);
  return asked === unit || has(now) || has(then);
}

/** `payments was deployed by ada 2 min before`. */
export function changeInWords(
  entry: AuditEntry,
  { at, service }: Pick<Cause, "at" | "service">,
): string {
  const whose = names(entry, service) ? service : (entry.unit ?? "its unit");
  const ms = at / 1_000 - Date.parse(entry.at);
  const when = ms < 0 ? "just then" : `${span(ms)} before`;
  const what = passive[entry.action] ?? entry.action;
  const result = entry.result === "done" ? "" : `, which failed with ${entry.result}`;
  return `${whose} ${what} by ${entry.by} ${when}${result}`;
}

function span(ms: number): string {
  const seconds = ms / 1_000;
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  return seconds < 5_400 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3_600)} h`;
}
