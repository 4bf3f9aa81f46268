import { randomBytes } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import type { ChangeReport } from "@kerf/control-api";
import { KerfError } from "@kerf/kernel";
import { type Connection, withPlatform } from "../connection/connect.ts";
import { printJson } from "../output/json.ts";
import { progressView } from "../output/progress-view.ts";
import { reportText } from "./report-text.ts";

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

/** Pause between two attempts while another change is under way, milliseconds, and how long it is waited for. */
const againMs = 500;
const longestMs = 600_000;

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

/** Asks for a change and shows its steps as they happen, unless JSON is wanted; answers what came of it. */
export async function withSteps<T>(
  client: Connection["client"],
  options: ChangeOptions,
  request: (asked: Asked) => Promise<T>,
): Promise<T> {
  const { drainTimeout, readyTimeout } = options;
  const asked: Asked = {
    change: `c-${randomBytes(6).toString("hex")}`,
    ...(readyTimeout === undefined ? undefined : { readyMs: readyTimeout * 1_000 }),
    ...(drainTimeout === undefined ? undefined : { drainMs: drainTimeout * 1_000 }),
  };
  const watching = new AbortController();
  const shown =
    options.json === true ? undefined : showSteps(client, asked.change, watching.signal);
  try {
    return await inTurn(options.wait === true, () => request(asked));
  } finally {
    watching.abort();
    await shown;
  }
}

/** With `--wait`, another change is waited for. */
async function inTurn<T>(isPatient: boolean, request: () => Promise<T>): Promise<T> {
  for (const end = Date.now() + longestMs; ; await wait(againMs)) {
    try {
      return await request();
    } catch (thrown) {
      // Only what the platform itself refuses says so; a platform that is gone says nothing.
      const code = ((thrown as KerfError).data as { code?: string } | undefined)?.code;
      if (!isPatient || code !== "change_under_way" || Date.now() > end) throw thrown;
    }
  }
}

/** Shows the steps of one change until `signal` aborts. What cannot be shown fails nothing. */
async function showSteps(
  client: Connection["client"],
  change: string,
  signal: AbortSignal,
): Promise<void> {
  const view = progressView({ json: false, cwd: process.cwd() });
  try {
    const events = client.events({}, { signal });
    for await (const event of events) {
      if (event.type === "rollout" && event.change === change) view.event(event);
    }
  } catch {
    // The change itself says what is wrong.
  } finally {
    view.close();
  }
}
