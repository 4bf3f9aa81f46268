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
  /** How a copy of it ended last that should have run, and when, milliseconds since 1970-01-01 UTC. */
  readonly ended?: { readonly at: number; readonly why: string } | undefined;
  /** Why its database serves nobody; undefined when it does. */
  readonly databaseAbsent: string | undefined;
}

/** A saga that is meant: the trace alone does not say how it stands. */
export interface SagaStanding {
  readonly service: string;
  readonly name: string;
  readonly state: string;
  /** What it is undone for, or is stuck at. */
  readonly failure: { readonly message: string } | null;
}

/** How long before and after a failure the end of a copy is told with it, milliseconds: one that hangs is ended about 17 s after its last answer. */
const endNearMs = 60_000;

/** One sentence: what failed, where that began, and what had been changed there. */
export function sentence(
  path: FailingPath,
  cause: Cause,
  state: ServiceState,
  change: AuditEntry | undefined,
  saga: SagaStanding | undefined,
): string {
  const [top] = path.spans as [FoundSpan, ...FoundSpan[]];
  const changed = change === undefined ? "" : `; ${changeInWords(change, cause)}`;
  return `${what(top, path, cause, saga)} because ${because(cause, state, saga)}${changed}.`;
}

/** What is told of a saga in each state; one that is completed needed several tries. */
const standings: Readonly<Record<string, string>> = {
  running: "does not get on",
  undoing: "is being undone",
  undone: "was undone",
  stuck: "is stuck",
  completed: "was late",
};

function what(
  top: FoundSpan,
  { isAnswered, spans }: FailingPath,
  cause: Cause,
  saga: SagaStanding | undefined,
): string {
  const name = saga?.name ?? textOf(top, "kerf.saga.name");
  if (name !== undefined) {
    const state = saga?.state ?? textOf(top, "kerf.saga.state") ?? "undone";
    return `the saga ${name} of ${saga?.service ?? top.service} ${standings[state] ?? `is ${state}`}`;
  }
  if (isAnswered) return `${top.service} went on without ${cause.doing}`;
  const code = errorOf(top);
  const called = textOf(top, "rpc.service");
  if (top.kind === 3 && called !== undefined)
    return `a call of ${called}.${textOf(top, "rpc.method") ?? ""} by ${top.service} failed`;
  if (spans.length === 1 && cause.span === top) return `${top.name} did not succeed`;
  return `${top.name} failed${code === undefined ? "" : ` with ${code}`}`;
}

function because(cause: Cause, state: ServiceState, saga: SagaStanding | undefined): string {
  const { databaseAbsent } = state;
  const absent = state.absent ?? endedThen(cause, state);
  const { code, doing, message, release, service, tookMs } = cause;
  const said = message === undefined ? (code ?? "without a word") : message;
  const where = release === undefined ? service : `${service} (${release})`;
  const took = tookMs < 1_000 ? `${Math.round(tookMs)} ms` : `${(tookMs / 1_000).toFixed(1)} s`;
  switch (cause.kind) {
    case "bug":
      return `${doing} threw in ${where}: ${said}`;
    case "declined":
      // What a saga says of an answer is more than the code that it gave up with.
      return `${doing} declined: ${message ?? saga?.failure?.message ?? said}`;
    case "refused":
      return `${doing} refused it: ${said}`;
    case "slow":
      return code === undefined
        ? `${doing} in ${where} took ${took}, longer than it was given`
        : `${doing} in ${where} was given up after ${took}${absent === undefined ? "" : `: ${absent}`}`;
    case "down":
      return `${service} did not answer ${doing} (${code}): ${absent ?? "it runs by now"}`;
    case "database":
      return `${service} was failed by its database (${code ?? doing}): ${databaseAbsent ?? "the platform sees its server run"}`;
    case "overloaded":
      return `${where} had more to do than it can, and did not begin ${doing}`;
    default:
      return `${doing} failed in ${where}: ${said}`;
  }
}

/** A copy that ended while the call was under way, or about then, is why nobody answered. */
function endedThen({ at, tookMs }: Cause, { ended }: ServiceState): string | undefined {
  if (ended === undefined) return undefined;
  const began = at / 1_000;
  const isNear = ended.at >= began - endNearMs && ended.at <= began + tookMs + endNearMs;
  if (!isNear) return undefined;
  const [time = ""] = new Date(ended.at).toISOString().slice(11).split(".");
  return `a copy of it ended at ${time}Z (${ended.why.replace(/\.$/, "")}); it runs by now`;
}
