import type { AuditEntry } from "@kerf/control-api";
import type { FoundSpan } from "../telemetry-store/query/answers.ts";
import { type Cause, causeOf } from "./cause.ts";
import { changeBefore } from "./change-before.ts";
import { type FailingPath, failingPath } from "./failing-path.ts";
import { type SagaStanding, sentence, type ServiceState } from "./sentence.ts";
import { spanTrees } from "./span-tree.ts";

/** What is known beside the trace. */
export interface Surroundings {
  readonly unitOf: (service: string) => string | undefined;
  /** How a service stands now. */
  readonly stateOf: (service: string) => ServiceState;
  /** What was changed, the oldest first. */
  readonly changes: readonly AuditEntry[];
  /** The saga that is meant. */
  readonly saga?: SagaStanding | undefined;
}

/** Why a request failed. */
export interface Explanation {
  readonly sentence: string;
  readonly cause: Cause;
  readonly path: FailingPath;
  readonly change: AuditEntry | undefined;
}

/** Explains a trace by its spans; undefined when nothing in it failed. */
export function explain(
  spans: readonly FoundSpan[],
  { changes, saga, stateOf, unitOf }: Surroundings,
): Explanation | undefined {
  const path = failingPath(spanTrees(spans));
  if (path === undefined) return undefined;
  const databaseAway = (service: string): boolean => stateOf(service).databaseAbsent !== undefined;
  const cause = causeOf(path, { databaseAway });
  const change = changeBefore(cause, unitOf(cause.service), changes);
  const said = sentence(path, cause, stateOf(cause.service), change, saga);
  return { sentence: said, cause, path, change };
}
