import { errorCodes } from "@kerf/kernel";
import type { FoundSpan } from "../telemetry-store/query/answers.ts";
import type { FailingPath } from "./failing-path.ts";
import { endOf, errorOf, type SpanNode, textOf } from "./span-tree.ts";

/**
 * What kind of thing went wrong. `declined`: an answer, not a failure. `refused`: the caller asked for what it may not have. `bug`: code threw.
 * `slow`: it was given up. `down`: nobody answered. `database`: the service's own database failed it.
 */
export type CauseKind =
  | "declined"
  | "refused"
  | "bug"
  | "slow"
  | "down"
  | "database"
  | "overloaded"
  | "failed";

/** Where a failure began. */
export interface Cause {
  readonly kind: CauseKind;
  /** Whose it is: the service that was asked, not the one that asked. */
  readonly service: string;
  /** What it was doing: `payments.authorise`, `UPDATE payments`, `saga checkout`. */
  readonly doing: string;
  readonly code: string | undefined;
  /** What it said, for people. */
  readonly message: string | undefined;
  readonly release: string | undefined;
  readonly span: FoundSpan;
  /** From under the end of the failing path down to it, where it lies deeper: the step that decided a saga, and its call. */
  readonly below: readonly FoundSpan[];
  /** When it began to go wrong, microseconds since 1970-01-01 UTC. */
  readonly at: number;
  readonly tookMs: number;
}

const refusals: ReadonlySet<string> = new Set([
  "invalid_input",
  "unauthenticated",
  "forbidden",
  "not_found",
  "unknown_operation",
  "method_not_allowed",
  "conflict",
  "key_in_flight",
  "key_reused",
  "payload_too_large",
  "unsupported_media_type",
  "headers_too_large",
]);
const absences: ReadonlySet<string> = new Set([
  "unavailable",
  "connection_lost",
  "not_here",
  "circuit_open",
  "bad_gateway",
  "protocol_error",
  "maintenance",
]);
const overloads: ReadonlySet<string> = new Set(["overloaded", "rate_limited"]);

/** Says what stands at the end of a failing path. `usesDatabase`: whether a service's database is known to be away. */
export function causeOf(
  path: FailingPath,
  known: { readonly databaseAway: (service: string) => boolean },
): Cause {
  const { below, isLate, spans } = path;
  const span = spans.at(-1) as FoundSpan;
  const deciding = textOf(span, "kerf.saga.name") === undefined ? undefined : lastStep(below);
  // A saga that gives up by itself does so for what its last step was answered.
  if (deciding !== undefined) {
    const call = deciding.children.find(({ span: one }) => isCall(one))?.span;
    const below = call === undefined ? [deciding.span] : [deciding.span, call];
    const own = about(call ?? deciding.span);
    return { ...own, kind: "declined", code: errorOf(span), message: messageOf(span), below };
  }
  const own = about(span);
  const { code } = own;
  if (isLate) return { ...own, kind: "slow" };
  if (isStatement(span))
    return { ...own, kind: code === "deadline_exceeded" ? "slow" : "database" };
  if (
    known.databaseAway(own.service) &&
    (code === undefined || absences.has(code) || code === "deadline_exceeded")
  )
    return { ...own, kind: "database" };
  return { ...own, kind: kindOf(code, span) };
}

function kindOf(code: string | undefined, span: FoundSpan): CauseKind {
  if (code === undefined) return "failed";
  if (!Object.hasOwn(errorCodes, code) && !span.failed) return "declined";
  if (refusals.has(code)) return "refused";
  if (overloads.has(code)) return "overloaded";
  if (code === "deadline_exceeded" || code === "request_timeout") return "slow";
  // Where it was served it is a word of the service itself; where it was called nobody answered.
  if (absences.has(code)) return "down";
  return "bug";
}

/** The step after which a saga gave up: the last that was done before the first undoing, when none failed. */
function lastStep(below: readonly SpanNode[]): SpanNode | undefined {
  const undone = below.find(({ span }) => span.name.startsWith("undo "));
  const steps = below.filter(
    ({ span }) =>
      span.name.startsWith("step ") &&
      (undone === undefined || endOf(span) <= undone.span.startedAt),
  );
  return steps.toSorted((one, other) => endOf(other.span) - endOf(one.span))[0];
}

function about(span: FoundSpan): Omit<Cause, "kind"> {
  const called = textOf(span, "rpc.service");
  const method = textOf(span, "rpc.method");
  const isCalled = called !== undefined && called !== span.service;
  return {
    service: called ?? span.service,
    doing: called === undefined || method === undefined ? span.name : `${called}.${method}`,
    code: errorOf(span),
    message: messageOf(span),
    // Of a call that nobody served, who would have served it is not known.
    release: isCalled ? undefined : span.release,
    span,
    below: [],
    at: span.startedAt,
    tookMs: span.durationMicros / 1_000,
  };
}

/** What was thrown, in its own words. */
function messageOf(span: FoundSpan): string | undefined {
  for (const event of span.events as { name?: string; attributes?: Record<string, unknown> }[]) {
    if (event.name !== "exception") continue;
    const { attributes = {} } = event;
    const [type, message] = [attributes["exception.type"], attributes["exception.message"]];
    const said = [type, message].filter((one) => typeof one === "string" && one !== "");
    if (said.length > 0) return said.join(": ");
  }
  return span.message;
}

function isCall(span: FoundSpan): boolean {
  return span.kind === 3 && textOf(span, "rpc.service") !== undefined;
}

function isStatement(span: FoundSpan): boolean {
  return textOf(span, "db.system.name") !== undefined;
}
