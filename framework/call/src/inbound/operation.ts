import {
  type Access,
  type Criticality,
  type ErrorDeclaration,
  type Operation,
  type OperationKind,
  type Schema,
  sensitiveFields,
} from "@kerf/contract";
import { DeclaredError, type KerfError, redactError } from "@kerf/kernel";
import { jsonValue } from "../json/raw-json.ts";
import { type Crossing, crossing, localCrossing } from "./crossing.ts";
import { LatencyHistogram } from "../load/latency-histogram.ts";
import { receivedFrom } from "../outgoing/received-error.ts";
import type { ServedMetrics } from "./served-metrics.ts";
import type { ServedSpans } from "./served-spans.ts";
import type { ServedOperation } from "./served.ts";

/** How often an operation was called, and how that ended. */
export interface OperationCounters {
  /** Calls and streams that reached it. */
  calls: number;
  /** Declared errors, refused inputs and refused callers: answers. */
  declined: number;
  /** Everything else that is an error: failures. */
  failed: number;
}

/** One operation at the callee's side, with everything compiled that a call needs. */
export class InboundOperation {
  readonly service: string;
  readonly operation: string;
  /** `service.operation`, for messages. */
  readonly name: string;
  readonly kind: OperationKind;
  readonly access: Access;
  readonly criticality: Criticality;
  readonly served: ServedOperation;
  readonly counters: OperationCounters = { calls: 0, declined: 0, failed: 0 };
  /** Of the failures, those that are this side's fault. */
  faults = 0;
  /** Of a stream: how many are open. */
  open = 0;
  readonly latency = new LatencyHistogram();
  /** Values from the wire. */
  readonly inputFromWire: Crossing;
  readonly outputToWire: Crossing;
  /** Values from and for callers in this process. */
  readonly inputFromNear: Crossing;
  readonly outputToNear: Crossing;
  /** Callers in this process that the placement allows; fixed for its life. */
  readonly nearCallers = new Set<string>();
  /** Undefined where spans go nowhere. */
  readonly spans: ServedSpans | undefined;
  /** Undefined where metrics go nowhere. */
  readonly metrics: ServedMetrics | undefined;
  readonly #input: Schema;
  readonly #errors = new Map<string, Crossing | undefined>();

  constructor(
    service: string,
    name: string,
    declared: Operation,
    served: ServedOperation,
    checked: boolean,
    criticality: Criticality = declared.criticality,
    spans?: ServedSpans,
    metrics?: ServedMetrics,
  ) {
    this.spans = spans;
    this.metrics = metrics;
    this.service = service;
    this.operation = name;
    this.name = `${service}.${name}`;
    this.kind = declared.kind;
    this.access = declared.access;
    this.criticality = criticality;
    this.served = served;
    this.#input = declared.input;
    this.inputFromWire = crossing(declared.input, "input", this.name);
    this.outputToWire = crossing(declared.output, "output", this.name);
    // In checked mode the codec between the two sides copies, and must see what the schema lets through.
    const near = checked ? crossing : localCrossing;
    this.inputFromNear = near(declared.input, "input", this.name);
    this.outputToNear = near(declared.output, "output", this.name);
    for (const [code, { data }] of Object.entries(
      declared.errors as Record<string, ErrorDeclaration<Schema | undefined>>,
    )) {
      this.#errors.set(
        code,
        data === undefined ? undefined : near(data, "output", `${this.name}, error ${code}`),
      );
    }
  }

  /**
   * Whether `error` is one that this operation declares and throws itself. One that it received from a service that it
   * called is not: it speaks of that call, also when both contracts chose the same name.
   */
  declares(error: unknown): error is DeclaredError {
    return (
      error instanceof DeclaredError &&
      this.#errors.has(error.code) &&
      receivedFrom(error) === undefined
    );
  }

  /** The data of a declared error, through its schema. */
  errorData(error: DeclaredError): unknown {
    return this.#errors.get(error.code)?.(error.data);
  }

  /** What was thrown, before anybody writes it down: without what the contract marks as sensitive in the input, as it arrived. */
  withoutSensitive(thrown: unknown, input: unknown): unknown {
    const fields = sensitiveFields(this.#input, "input");
    if (fields === undefined) return thrown;
    try {
      return redactError(thrown, fields.valuesIn(jsonValue(input)));
    } catch {
      // It is no JSON: nothing of it was read.
      return thrown;
    }
  }

  /** Counts how a call ended; true when that is a failure. */
  count(error: KerfError): boolean {
    const failed = !error.declared && (error.retry !== "never" || failures.has(error.code));
    if (failed) {
      this.counters.failed++;
      if (!elsewhere.has(error.code)) this.faults++;
    } else this.counters.declined++;
    return failed;
  }
}

// Sent again to another copy, or given up by who asked; no fault of this side.
const elsewhere: ReadonlySet<string> = new Set([
  "not_here",
  "cancelled",
  "key_in_flight",
  "conflict",
]);

const failures: ReadonlySet<string> = new Set([
  "internal",
  "invalid_output",
  "call_in_transaction",
]);
