import type { ServedArguments, ServedOperation } from "@kerf/call";
import type { AuditEntry, Explanation, Status, whyOperations as declared } from "@kerf/control-api";
import { type CallContext, KerfError } from "@kerf/kernel";
import type { AppManifest } from "@kerf/service";
import { holderOf } from "../api/operator.ts";
import type { AuditQuestion } from "../audit/audit-log.ts";
import type { StoreClient } from "../telemetry/store-client.ts";
import type { FoundSpan } from "../telemetry-store/query/answers.ts";
import { explain } from "./explain.ts";
import { type Finding, findSaga, findTrace, type FoundSaga } from "./find-trace.ts";
import { serviceState } from "./service-state.ts";
import { errorOf, textOf } from "./span-tree.ts";
import { spansOfLogs } from "./spans-of-logs.ts";

/** Changes that are looked through, and lines of logs that are shown. */
const maxChanges = 1_000;
const maxLogs = 50;
/** Lines of a trace that are looked through. */
const maxLines = 1_000;
/** OpenTelemetry's number from which a line is a warning. */
const warning = 13;

/** What the operation works on. */
export interface WhySurroundings {
  store(): StoreClient;
  manifest(): AppManifest;
  status(): Status;
  unitOf(service: string): string | undefined;
  readonly audit: { read(question: AuditQuestion): AuditEntry[] };
  operate(service: string, action: string, input: object, context: CallContext): Promise<unknown>;
}

/** Says why a request or a saga failed. */
export function whyOperations(
  around: WhySurroundings,
  inFull: (run: (args: ServedArguments) => unknown) => ServedOperation,
): { readonly [Name in keyof typeof declared]: ServedOperation } {
  return {
    why: inFull(async ({ context, input }): Promise<Explanation> => {
      const store = around.store();
      const own = holderOf(context)?.services;
      const operate = (service: string, action: string, given: object): Promise<unknown> =>
        around.operate(service, action, given, context);
      const { of } = input as { of: string };
      const finding = { store, manifest: around.manifest(), own, operate };
      const { saga, traceId } = await findTrace(of, finding);
      const recorded = await store.trace(traceId);
      const isOwn = ({ service }: FoundSpan): boolean => own === undefined || own.includes(service);
      // Most traces are not recorded, but what failed was logged.
      const fromLogs = recorded.length === 0;
      const spans = (
        fromLogs
          ? spansOfLogs(await store.logs({ query: `trace:${traceId}`, limit: maxLines }))
          : recorded
      ).filter(isOwn);
      if (spans.length === 0) throw notRecorded(traceId, saga);
      const meant = saga ?? (await sagaIn(spans, finding));
      const found = await told(around, spans, meant);
      return {
        ...found,
        traceId,
        ...(fromLogs ? { fromLogs } : undefined),
        ...(meant && { saga: sagaOf(meant) }),
      };
    }),
  };
}

/** The saga that a request has started, when it came to a bad end. */
async function sagaIn(
  spans: readonly FoundSpan[],
  finding: Finding,
): Promise<FoundSaga | undefined> {
  const ended = spans.find(
    (span) => textOf(span, "kerf.saga.state") !== undefined && errorOf(span) !== undefined,
  );
  const id = ended && textOf(ended, "kerf.saga.id");
  return id === undefined ? undefined : findSaga(id, finding);
}

async function told(
  around: WhySurroundings,
  spans: readonly FoundSpan[],
  saga: FoundSaga | undefined,
): Promise<Omit<Explanation, "fromLogs" | "saga" | "traceId">> {
  const status = around.status();
  const explained = explain(spans, {
    unitOf: (service) => around.unitOf(service),
    stateOf: (service) => serviceState(status, service),
    changes: around.audit.read({ limit: maxChanges }),
    saga,
  });
  if (explained === undefined) {
    const sentence = "Nothing of what was recorded failed.";
    return { sentence, failed: false, path: [], logs: [] };
  }
  const { cause, change, path, sentence } = explained;
  const { span, kind, service, doing } = cause;
  const way = [...path.spans, ...cause.below];
  const onTheWay = new Set(way.map(({ spanId }) => spanId));
  const logs = await around.store().logs({ ...periodOf(spans), limit: maxLines });
  const telling = logs.filter(
    ({ severity, spanId }) => severity >= warning && spanId !== undefined && onTheWay.has(spanId),
  );
  return {
    sentence: sentence.charAt(0).toUpperCase() + sentence.slice(1),
    failed: true,
    cause: {
      kind,
      service,
      doing,
      ...(cause.code === undefined ? undefined : { code: cause.code }),
      ...(cause.message === undefined ? undefined : { message: cause.message }),
      ...(cause.release === undefined ? undefined : { release: cause.release }),
      spanId: span.spanId,
    },
    ...(change === undefined ? undefined : { change }),
    path: way as Explanation["path"],
    logs: telling.slice(0, maxLogs).reverse() as Explanation["logs"],
  };
}

function periodOf(spans: readonly FoundSpan[]): { query: string; from: number; to: number } {
  const ends = spans.map(({ durationMicros, startedAt }) => startedAt + durationMicros);
  return {
    query: `trace:${spans[0]?.traceId ?? ""}`,
    from: Math.floor(Math.min(...spans.map(({ startedAt }) => startedAt)) / 1_000) - 60_000,
    to: Math.ceil(Math.max(...ends) / 1_000) + 60_000,
  };
}

function sagaOf({
  failure,
  id,
  name,
  service,
  state,
}: FoundSaga): NonNullable<Explanation["saga"]> {
  const { code, message } = failure ?? {};
  const said = code === undefined || message === undefined ? undefined : { code, message };
  return { service, id, name, state, ...(said && { failure: said }) };
}

function notRecorded(traceId: string, saga: FoundSaga | undefined): KerfError {
  const isFailed = saga?.failure !== null && saga !== undefined;
  return new KerfError("not_found", {
    message: isFailed
      ? `The saga ${saga.name} of ${saga.service} is ${saga.state}: ${saga.failure.message}. Its trace was not recorded.`
      : `Nothing is known of the trace ${traceId}.`,
    why: "It was not chosen to be recorded, is older than what is kept, ended a moment ago, or belongs to services that this token is not for.",
    fix: "What ended just now is there within 2 s. telemetry.sampling of the app says which share is recorded.",
  });
}
