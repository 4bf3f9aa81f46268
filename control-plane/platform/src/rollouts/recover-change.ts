import type { AuditLog } from "../audit/audit-log.ts";
import type { EventLog } from "../progress/event-log.ts";
import { appUnit, releasesOf } from "../releases/app-releases.ts";
import type { ReleaseStore } from "../releases/release-store.ts";
import type { Journal } from "./journal.ts";

/** Where it is written down what became of a change. */
export interface RecoverySurroundings {
  /** The name of the app. */
  readonly app: string;
  readonly audit: Pick<AuditLog, "append">;
  readonly events: EventLog;
  readonly journal: Journal;
  readonly store: ReleaseStore;
}

/**
 * Ends a change that a platform before us had begun, once its copies are as they are to be. Who asked for it got no answer: it goes on record all the same,
 * and its releases say whether they have served.
 */
export async function recoverChange(
  { change, isCommitted }: NonNullable<ReturnType<Journal["unfinished"]>>,
  { app, audit, events, journal, store }: RecoverySurroundings,
): Promise<void> {
  const { at, by, kind, title, units } = change;
  const why = "The platform ended in the middle of it; the one after it took care of it.";
  const { kept } = journal;
  if (kept !== undefined && isCommitted) await store.served(releasesOf(kept, app));
  // Which releases it would have come to is known by when they were made.
  const made = Object.fromEntries(
    [...Object.keys(units), appUnit(app)].map((unit) => [unit, undefined]),
  );
  if (!isCommitted) await store.failed(made, at, { failed: "interrupted", failure: why });
  await audit.append({
    by,
    action: kind,
    asked: { title },
    result: isCommitted ? "done" : "undone",
    why,
  });
  journal.end();
  events.done(
    "change",
    isCommitted ? "Finishing a change" : "Undoing a change",
    `${kind} ${title}`,
  );
}
