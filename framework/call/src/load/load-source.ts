import type { LatencyHistogram } from "./latency-histogram.ts";

/** What is counted of one operation since the start of the program; the counts only grow. */
export interface OperationLoad {
  /** `service.operation`. */
  readonly name: string;
  readonly calls: number;
  /** Calls that failed in a way that is the callee's fault: not declared errors, not wrong input, not calls sent elsewhere. */
  readonly failed: number;
  /** Of calls from outside all, of those in this process one of sixteen, weighted. Streams are not measured. */
  readonly latency: LatencyHistogram;
}

/** What a program can tell of its load, asked about once a second. */
export interface LoadSource {
  /** Calls from outside that are being served now. */
  readonly inFlight: number;
  /** Streams of authors that are open now. */
  readonly streams: number;
  operations(): Iterable<OperationLoad>;
}
