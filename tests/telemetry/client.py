"""Records with OpenTelemetry's SDK for Python, sends over grpc or http (its argument), and ends when all of it is sent."""

import sys

from opentelemetry import trace
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

if sys.argv[1] == "grpc":
    from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter
    from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
else:
    from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

traces = TracerProvider()
traces.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
logs = LoggerProvider()
logs.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter()))
metrics = MeterProvider([PeriodicExportingMetricReader(OTLPMetricExporter())])
tracer = traces.get_tracer("test")
meter = metrics.get_meter("test")

with tracer.start_as_current_span("checkout"):
    with tracer.start_as_current_span("charge") as charge:
        charge.set_attribute("order.id", "o-7")
        charge.record_exception(RuntimeError("no luck"))
        charge.set_status(trace.StatusCode.ERROR, "declined")
        logs.get_logger("test").emit(
            LogRecord(
                context=None,
                severity_number=SeverityNumber.WARN,
                body="the card was declined",
                attributes={"code": "declined"},
            )
        )
    duration = meter.create_histogram("charge.duration", unit="s")
    for seconds in (0.02, 0.03, 4):
        duration.record(seconds, {"method": "card"})
meter.create_counter("charges").add(3, {"method": "card"})
meter.create_up_down_counter("open").add(2)

for provider in (traces, logs, metrics):
    provider.shutdown()
