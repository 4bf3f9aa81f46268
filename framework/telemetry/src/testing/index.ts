// For tests and benchmarks: a place that traces are sent to, and what writes them.
export {
  decodeMetrics,
  decodeTraces,
  partialSuccess,
  type ReceivedBody,
  type ReceivedMetric,
  type ReceivedSpan,
} from "./otlp-message.ts";
export { attributesOf, OtlpSink, type SinkAnswer } from "./otlp-sink.ts";
export { OtlpEncoder } from "../otlp-encoder.ts";
