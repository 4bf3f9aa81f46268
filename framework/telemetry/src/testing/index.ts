// For tests: a place that traces are sent to.
export {
  decodeTraces,
  partialSuccess,
  type ReceivedBody,
  type ReceivedSpan,
} from "./otlp-message.ts";
export { attributesOf, OtlpSink, type SinkAnswer } from "./otlp-sink.ts";
