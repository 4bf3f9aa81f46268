import { randomHex } from "./ids.ts";

/** Where a call stands in its trace (W3C Trace Context). */
export interface Trace {
  /** 32 lower-case hex digits, not all zero. */
  readonly traceId: string;
  /** The current span: 16 lower-case hex digits, not all zero. */
  readonly spanId: string;
  /** The span above, when there is one in this trace. */
  readonly parentId?: string | undefined;
  /** Whether its spans are recorded: decided once, where it began. */
  readonly sampled: boolean;
  /** Vendors' `tracestate`, carried on unchanged. */
  readonly state?: string | undefined;
}

/** Starts a trace; nobody records it unless who starts it has decided so. */
export function newTrace(sampled = false): Trace {
  return { traceId: randomHex(16), spanId: randomHex(8), sampled };
}

/** A span below `trace`. */
export function childSpan(trace: Trace): Trace {
  return {
    traceId: trace.traceId,
    spanId: randomHex(8),
    parentId: trace.spanId,
    sampled: trace.sampled,
    state: trace.state,
  };
}
