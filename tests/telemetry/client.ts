// A program that records with OpenTelemetry's SDK for Node, as its variables of the environment say (OTEL_…), and ends when all of it is sent.
import { logs, metrics, SeverityNumber, SpanStatusCode, trace } from "@opentelemetry/api";
import { NodeSDK } from "@opentelemetry/sdk-node";

const sdk = new NodeSDK();
sdk.start();
const meter = metrics.getMeter("test");
trace.getTracer("test").startActiveSpan("checkout", (checkout) => {
  trace.getTracer("test").startActiveSpan("charge", (charge) => {
    charge.setAttribute("order.id", "o-7");
    charge.recordException(new Error("no luck"));
    charge.setStatus({ code: SpanStatusCode.ERROR, message: "declined" });
    logs.getLogger("test").emit({
      severityNumber: SeverityNumber.WARN,
      body: "the card was declined",
      attributes: { code: "declined" },
    });
    charge.end();
  });
  const duration = meter.createHistogram("charge.duration", { unit: "s" });
  for (const seconds of [0.02, 0.03, 4]) duration.record(seconds, { method: "card" });
  checkout.end();
});
meter.createCounter("charges").add(3, { method: "card" });
meter.createUpDownCounter("open").add(2);
await sdk.shutdown();
