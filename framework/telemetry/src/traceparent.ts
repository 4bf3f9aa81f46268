import { newTrace, Trace } from "@kerf/kernel";

// W3C Trace Context, level 1: version, trace id, parent id, flags. Later versions may append fields.
const pattern = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const maxStateLength = 512;

/** The `traceparent` header of the current span. */
export function formatTraceparent(trace: Trace): string {
  return `00-${trace.traceId}-${trace.spanId}-${trace.sampled ? "01" : "00"}`;
}

/** The caller's place in its trace; undefined when the header is missing or not valid, so that a new trace starts. */
export function parseTraceparent(
  traceparent: string | undefined,
  tracestate?: string,
): Trace | undefined {
  if (traceparent === undefined) return undefined;
  const match = pattern.exec(traceparent.trim());
  if (match === null) return undefined;
  const [, version, traceId, spanId, flags, rest] = match as unknown as [
    string,
    string,
    string,
    string,
    string,
    string | undefined,
  ];
  if (version === "ff" || (version === "00" && rest !== undefined)) return undefined;
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
  return Trace.of({
    traceId,
    spanId,
    sampled: (Number.parseInt(flags, 16) & 1) === 1,
    state: tracestate !== undefined && tracestate.length <= maxStateLength ? tracestate : undefined,
  });
}

/** The span of a call that came with these headers: below the caller's, or the first of a new trace. */
export function continueTrace(traceparent: string | undefined, tracestate?: string): Trace {
  const caller = parseTraceparent(traceparent, tracestate);
  return caller === undefined ? newTrace() : caller.child();
}
