import { newTrace, type Random } from "@kerf/kernel";
import { SpanTemplate } from "@kerf/telemetry";
import { OtlpEncoder } from "@kerf/telemetry/testing";

/** Spans of one request through the shop: at the gateway, and at both sides of each call. */
export const spansPerTrace = 8;
/** Spans of one body: what a busy program of ours sends at once. */
const spansPerBody = 4_000;

/** When all of it began, milliseconds since 1970. */
export const beganAt = 1_763_770_000_000;

const services = ["orders", "payments", "inventory", "users"];

/** Bodies of OTLP requests of several programs, as many as hold `spans` spans, and the ids of some of their traces. */
export function* bodiesOf(
  spans: number,
  random: Random,
): Generator<{ readonly body: Buffer; readonly spans: number; readonly traceId: string }> {
  const encoders = services.map(
    (unit) => new OtlpEncoder({ app: "shop", environment: "bench", unit, instance: `${unit}-1` }),
  );
  const request = new SpanTemplate("request", "gateway:web", "POST /api/orders", {
    "http.request.method": "POST",
    "http.route": "/api/orders",
    "kerf.operation": "orders.place",
  });
  const call = services.map(
    (service) =>
      new SpanTemplate("call", "orders", `${service}/act`, {
        "rpc.system": "kerf",
        "rpc.service": service,
        "rpc.method": "act",
        "server.address": `unix:/run/kerf/${service}-1.sock`,
      }),
  );
  const served = services.map(
    (service) =>
      new SpanTemplate("served", service, `${service}/act`, {
        "rpc.system": "kerf",
        "rpc.service": service,
        "rpc.method": "act",
        "kerf.caller": "orders",
      }),
  );
  for (let made = 0; made < spans;) {
    const at = Math.floor(random.next() * encoders.length);
    const encoder = encoders[at] as OtlpEncoder;
    let traceId = "";
    let own = 0;
    while (own < spansPerBody) {
      const trace = newTrace(true);
      ({ traceId } = trace);
      const startedAt = (made + own) / 10;
      const failed = random.next() < 0.01;
      for (let n = 0; n < spansPerTrace; n++, own++) {
        const of = n === 0 ? request : n % 2 === 0 ? served[(at + n) % 4] : call[(at + n) % 4];
        const isOwn = random.next() < 0.25;
        encoder.add(
          {
            of: of as SpanTemplate,
            trace: n === 0 ? trace : trace.child(),
            startedAt: startedAt + n,
            endedAt: startedAt + n + random.next() * 50,
            failed,
            attributes: failed
              ? { "error.type": "card_declined" }
              : isOwn
                ? { "http.response.status_code": 200 }
                : undefined,
          },
          beganAt,
        );
      }
    }
    const taken = encoder.take();
    yield { body: Buffer.concat(taken.pieces), spans: own, traceId };
    taken.giveBack();
    made += own;
  }
}
