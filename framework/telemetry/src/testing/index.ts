// For tests: a place that traces are sent to.
export {
  attributesOf,
  OtlpSink,
  type ReceivedBody,
  type ReceivedSpan,
  type SinkAnswer,
} from "./otlp-sink.ts";
