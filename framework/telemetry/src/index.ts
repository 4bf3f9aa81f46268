// What the platform says of itself: structured logs, the trace context that ties them together, the spans of traces, and metrics.
export {
  type AttributeMeaning,
  resourceAttributes,
  type SpanAttribute,
  spanAttributes,
  spanEvents,
  type SpanKind,
  type SpanPlace,
  type SpanPlaceName,
  spanPlaces,
} from "./catalogue.ts";
export { type LogField, logFields } from "./log-fields.ts";
export {
  type Fields,
  type Hidden,
  Logger,
  type LogLevel,
  type LogSink,
  silentLogger,
} from "./logger.ts";
export type { Resource } from "./otlp-encoder.ts";
export { type Counter, type Gauge, type Histogram } from "./metrics/histogram.ts";
export {
  durationBounds,
  metricAttributes,
  type MetricAttributes,
  metricMeanings,
  type MetricName,
} from "./metrics/metric-catalogue.ts";
export { type MetricExporter, Metrics, type OwnMetric } from "./metrics/metrics.ts";
export { Recorder, type SpanExporter } from "./recorder.ts";
export { Sampler, type SamplerOptions } from "./sampler.ts";
export { telemetryProblems, type TelemetrySettings } from "./settings.ts";
export {
  type AnyAttributes,
  type Attributes,
  type AttributesAt,
  type AttributeValue,
  type OwnTemplate,
  type Span,
  type SpanEvent,
  SpanTemplate,
} from "./span.ts";
export { continueTrace, formatTraceparent, parseTraceparent } from "./traceparent.ts";
export {
  openTracing,
  type SpanPlaceOfWork,
  type SpanScope,
  type Tracing,
  type TracingParts,
} from "./tracing.ts";
