import { randomBytes } from "node:crypto";
import type { ChangeReport } from "@kerf/control-api";
import { KerfError } from "@kerf/kernel";
import { type Connection, withPlatform } from "../connection/connect.ts";
import { printJson } from "../output/json.ts";
import { type ProgressView, progressView } from "../output/progress-view.ts";
import { reportText } from "./report-text.ts";
import { patienceShown } from "./show-turn.ts";
import { Turn } from "./turn.ts";

/** What every command takes that changes what runs. */
export interface ChangeOptions {
  home?: string;
  json?: true;
  wait?: true;
  /** Seconds. */
  readyTimeout?: number;
  drainTimeout?: number;
}

/** How a change is known, and how long its copies may take, milliseconds. */
export interface Asked {
  readonly change: string;
  readonly readyMs?: number;
  readonly drainMs?: number;
}

/** Asks for a change. */
export type RequestChange = (client: Connection["client"], asked: Asked) => Promise<ChangeReport>;

/** Finds the platform and makes a change. */
export function runChange(options: ChangeOptions, request: RequestChange): Promise<void> {
  return withPlatform(options, (connection) => makeChange(connection, options, request));
}

/** Makes a change and shows its steps as they happen, then what it cost or saved. */
export async function makeChange(
  { client }: Connection,
  options: ChangeOptions,
  request: RequestChange,
): Promise<void> {
  const report = await withSteps(client, options, (asked) => request(client, asked));
  if (options.json === true) return printJson(report);
  process.stdout.write(`${reportText(report)}\n`);
}

/** Asks for a change and shows its steps as they happen; answers what came of it. Whoever leaves by Ctrl-C leaves the change to itself, and is told so. */
export async function withSteps<T>(
  client: Connection["client"],
  options: ChangeOptions,
  request: (asked: Asked) => Promise<T>,
): Promise<T> {
  const leaving = Promise.withResolvers<never>();
  const leave = (): void => leaving.reject(new KerfError("interrupted", "Interrupted."));
  process.once("SIGINT", leave);
  process.once("SIGTERM", leave);
  try {
    return await withStepsUntil(leaving.promise, client, options, request);
  } finally {
    process.off("SIGINT", leave);
    process.off("SIGTERM", leave);
  }
}

/** The same without an ear for Ctrl-C; rejects with `left` when that rejects first. `silent`: shows nothing. */
export async function withStepsUntil<T>(
  left: Promise<never> | undefined,
  client: Connection["client"],
  options: ChangeOptions & { readonly silent?: true },
  request: (asked: Asked) => Promise<T>,
): Promise<T> {
  const { drainTimeout, readyTimeout } = options;
  const asked: Asked = {
    change: `c-${randomBytes(6).toString("hex")}`,
    ...(readyTimeout === undefined ? undefined : { readyMs: readyTimeout * 1_000 }),
    ...(drainTimeout === undefined ? undefined : { drainMs: drainTimeout * 1_000 }),
  };
  const watching = new AbortController();
  const view = options.silent === true ? undefined : progressView(process.cwd());
  const turn = new Turn(options.wait === true ? patienceShown(client, view) : undefined);
  const shown = view && showSteps(client, asked.change, watching.signal, view);
  try {
    const done = turn.take(() => request(asked));
    return await (left === undefined ? done : Promise.race([done, left]));
  } catch (thrown) {
    const { code } = thrown as KerfError;
    if (code === "interrupted") view?.note(turn.isWaiting ? notBegun : goesOn);
    throw code === "connection_lost" ? leftAlone(thrown) : thrown;
  } finally {
    watching.abort();
    await shown;
    view?.close();
  }
}

const notBegun = "Nothing was begun.";
const goesOn =
  "It goes on by itself. How far it is: kerf status. What came of it: kerf releases, kerf audit. Back, while a new release is watched: kerf abandon UNIT.";

/** The platform has gone while it made a change: the next one finishes it or undoes it. */
function leftAlone(cause: unknown): KerfError {
  return new KerfError("platform_unreachable", {
    message: "The platform went away while it made the change. What serves, serves on.",
    why: "The next platform undoes a change that was not committed, and finishes one that was.",
    fix: "kerf up starts it (kerf dev brings it back by itself); kerf audit says what became of the change.",
    cause,
  });
}

/** Shows the steps of one change until `signal` aborts. What cannot be shown fails nothing. */
async function showSteps(
  client: Connection["client"],
  change: string,
  signal: AbortSignal,
  view: ProgressView,
): Promise<void> {
  try {
    const events = client.events({}, { signal });
    for await (const event of events) {
      if (event.type === "rollout" && event.change === change) view.event(event);
    }
  } catch {
    // The change itself says what is wrong.
  }
}
