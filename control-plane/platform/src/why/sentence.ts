import type { AuditEntry } from "@kerf/control-api";
import type { FoundSpan } from "../telemetry-store/query/answers.ts";
import type { Cause } from "./cause.ts";
import { changeInWords } from "./change-before.ts";
import type { FailingPath } from "./failing-path.ts";
import { errorOf, textOf } from "./span-tree.ts";

/** How a service stands while it is asked why. */
export interface ServiceState {
  /** Why it serves nobody, in words: `its copy payments-1 crashed`; undefined when it does. */
  readonly absent: string | undefined;
  /** Why its database serves nobody; undefined when it does. */
  readonly databaseAbsent: string | undefined;
}

/** One sentence: what failed, where that began, and what had been changed there. */
export function sentence(
  path: FailingPath,
  cause: Cause,
  state: ServiceState,
  change: AuditEntry | undefined,
): string {
  const [top] = path.spans as [FoundSpan, ...FoundSpan[]];
  const changed = change === undefined ? "" : `; ${changeInWords(change, cause.at)}`;
  return `${what(top, path, cause)} because ${because(cause, state)}${changed}.`;
}

function what(top: FoundSpan, { isAnswered, spans }: FailingPath, cause: Cause): string {
  const saga = textOf(top, "kerf.saga.name");
  if (saga !== undefined) {
    const isStuck = textOf(top, "kerf.saga.state") === "stuck";
    return `the saga ${saga} of ${top.service} ${isStuck ? "is stuck" : "was undone"}`;
  }
  if (isAnswered) return `${top.service} went on without ${cause.doing}`;
  if (spans.length === 1 && cause.span === top) return `${top.name} did not succeed`;
  const code = errorOf(top);
  return `${top.name} failed${code === undefined ? "" : ` with ${code}`}`;
}

function because(cause: Cause, { absent, databaseAbsent }: ServiceState): string {
  const { code, doing, message, release, service, tookMs } = cause;
  const said = message === undefined ? (code ?? "without a word") : message;
  const where = release === undefined ? service : `${service} (${release})`;
  const took = tookMs < 1_000 ? `${Math.round(tookMs)} ms` : `${(tookMs / 1_000).toFixed(1)} s`;
  switch (cause.kind) {
    case "bug":
      return `${doing} threw in ${where}: ${said}`;
    case "declined":
      return `${doing} declined: ${said}`;
    case "refused":
      return `${doing} refused it: ${said}`;
    case "slow":
      return code === undefined
        ? `${doing} in ${where} took ${took}, longer than it was given`
        : `${doing} in ${where} was given up after ${took}`;
    case "down":
      return `${service} did not answer ${doing} (${code}): ${absent ?? "it runs by now"}`;
    case "database":
      return `${service} was failed by its database (${code ?? doing}): ${databaseAbsent ?? "it answers by now"}`;
    case "overloaded":
      return `${where} had more to do than it can, and did not begin ${doing}`;
    default:
      return `${doing} failed in ${where}: ${said}`;
  }
}
