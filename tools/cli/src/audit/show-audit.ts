import type { AuditEntry } from "@kerf/control-api";
import { KerfError } from "@kerf/kernel";
import { parseSpan } from "../call/time-span.ts";
import type { AuditOptions } from "../commands/audit.ts";
import { withPlatform } from "../connection/connect.ts";
import { printJson } from "../output/json.ts";
import { oneLine } from "../output/printable.ts";
import { placedText } from "./placed-text.ts";

/** Prints what was changed, the oldest first. */
export function showAudit(options: AuditOptions): Promise<void> {
  const asked = {
    limit: limitOf(options.limit),
    ...(options.since === undefined ? undefined : { since: sinceOf(options.since, Date.now()) }),
    ...(options.service === undefined ? undefined : { service: options.service }),
  };
  return withPlatform(options, async ({ client }) => {
    const { entries } = await client.audit(asked);
    if (options.json === true) return printJson({ entries });
    if (entries.length === 0) process.stdout.write("Nothing was changed.\n");
    for (const entry of entries) process.stdout.write(`${auditLine(entry)}\n`);
  });
}

/** Digits of a digest by which people know a build. */
const shownDigits = 12;

/** One change on one line: when, who, what, where, with what, and how it ended. */
export function auditLine(entry: AuditEntry): string {
  const { action, asked, at, by, result, service, token, unit, why } = entry;
  const parts = [
    at,
    token === undefined ? by : `${by} (token ${token})`,
    action,
    service ?? unit,
    askedText(asked),
    cameText(entry),
    result === "done" ? why : `✗ ${result}${why === undefined ? "" : `: ${why}`}`,
  ];
  return oneLine(parts.filter((part) => part !== undefined).join("  "));
}

/** What was asked for: builds as people know them, everything else as it is kept. */
function askedText(asked: AuditEntry["asked"]): string | undefined {
  const { builds = {}, ...rest } = asked ?? {};
  const named = Object.entries(builds as Record<string, string>).map(
    ([name, digest]) => `${name} ${digest.slice(0, shownDigits)}`,
  );
  const parts = [named.join(", "), Object.keys(rest).length === 0 ? "" : JSON.stringify(rest)];
  return parts.filter((part) => part !== "").join("  ") || undefined;
}

/** What came of it. */
function cameText(entry: AuditEntry): string | undefined {
  const { after, before } = entry;
  const isEmpty = [before, after].every((side) => JSON.stringify(side) === "{}");
  const placed = isEmpty ? undefined : placedText(entry);
  if (placed !== undefined) return placed;
  const parts = [
    before === undefined ? [] : [`from ${JSON.stringify(before)}`],
    after === undefined ? [] : [`to ${JSON.stringify(after)}`],
  ];
  return parts.flat().join("  ") || undefined;
}

function limitOf(text: string): number {
  const limit = Number(text);
  if (/^\d{1,5}$/.test(text) && limit >= 1 && limit <= 10_000) return limit;
  throw new KerfError("usage", "--limit is a number from 1 to 10000.");
}

/** The time that `12h` or an ISO time means, as ISO 8601 in UTC. */
export function sinceOf(text: string, now: number): string {
  const span = parseSpan(text);
  const time = span === undefined ? Date.parse(text) : now - span;
  if (!Number.isNaN(time)) return new Date(time).toISOString();
  throw new KerfError("usage", {
    message: `--since ${JSON.stringify(text)} is neither a span nor a time.`,
    fix: "Write 30m, 12h, or 2026-11-21T08:00:00Z.",
  });
}
