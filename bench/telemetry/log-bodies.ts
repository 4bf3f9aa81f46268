import type { Random } from "@kerf/kernel";

const perBody = 4_000;
const messages = [
  "order placed",
  "card charged, the bank answered in time",
  "stock reserved for the order",
  "the request was slow: more than a second went by before the database answered",
  "kept a copy of the catalog for those who ask next",
];

/** Bodies of OTLP requests in JSON with so many lines of logs, each about an order of its own. */
export function* logBodies(lines: number, beganAt: number, random: Random): Generator<string> {
  for (let made = 0; made < lines; made += perBody) {
    const logRecords = Array.from({ length: Math.min(perBody, lines - made) }, (_, n) => ({
      timeUnixNano: `${Math.floor(beganAt + (made + n) / 10)}000000`,
      severityNumber: 9,
      body: { stringValue: messages[Math.floor(random.next() * messages.length)] },
      attributes: [
        { key: "order.id", value: { stringValue: `o-${made + n}` } },
        { key: "request", value: { stringValue: `/api/orders/${random.next().toString(36)}` } },
        { key: "durationMs", value: { doubleValue: Math.floor(random.next() * 1_000) } },
      ],
    }));
    const resource = {
      attributes: [{ key: "service.name", value: { stringValue: "orders" } }],
    };
    yield JSON.stringify({ resourceLogs: [{ resource, scopeLogs: [{ logRecords }] }] });
  }
}
