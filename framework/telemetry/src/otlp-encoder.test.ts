import assert from "node:assert/strict";
import { test } from "node:test";
import { newTrace, Trace, type TraceFields } from "@kerf/kernel";
import fc from "fast-check";
import { type EncodedBatch, OtlpEncoder } from "./otlp-encoder.ts";
import { type Span, SpanTemplate } from "./span.ts";
import { attributesOf, decodeTraces } from "./testing/index.ts";

const resource = { app: "shop", environment: "test", unit: "main", instance: "main-1" };

function bodyOf({ pieces }: EncodedBatch): Buffer {
  return Buffer.concat(pieces);
}

function ids(): TraceFields {
  const { traceId, spanId, sampled } = newTrace(true);
  return { traceId, spanId, sampled };
}

const text = fc
  .string({ unit: "binary", minLength: 1, maxLength: 300 })
  .filter((one) => one.isWellFormed());
const value = fc.oneof(text, fc.nat({ max: Number.MAX_SAFE_INTEGER }));

test("whatever a span holds, a decoder that is not ours reads the same", () => {
  const encoder = new OtlpEncoder(resource);
  fc.assert(
    fc.property(
      fc.array(
        fc.record({
          service: fc.constantFrom("orders", "prices", "ключ"),
          name: text,
          code: text,
          status: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
          method: value,
          startedAt: fc.nat({ max: 1_000_000_000 }),
          tookMicros: fc.nat({ max: 10_000_000 }),
          failed: fc.boolean(),
          state: fc.option(text, { nil: undefined }),
        }),
        { minLength: 1, maxLength: 20 },
      ),
      (given) => {
        const spans = given.map((one): Span => ({
          of: new SpanTemplate("served", one.service, one.name, { "rpc.method": one.method }),
          trace: Trace.of({ ...ids(), state: one.state }),
          startedAt: one.startedAt,
          endedAt: one.startedAt + one.tookMicros / 1_000,
          failed: one.failed,
          attributes: { "error.type": one.code, "http.response.status_code": one.status },
        }));
        for (const span of spans) encoder.add(span, 1_700_000_000_000);
        const taken = encoder.take();
        assert.equal(taken.items, spans.length);
        const body = bodyOf(taken);
        assert.equal(taken.bytes, body.length);
        const { resourceSpans } = decodeTraces(body);
        // The next spans are written into the same bytes.
        taken.giveBack();
        const read = new Map(
          resourceSpans.flatMap(({ resource: { attributes }, scopeSpans }) =>
            scopeSpans.flatMap(({ spans: some }) =>
              some.map((span) => [span.spanId, { attributes, span }] as const),
            ),
          ),
        );
        assert.equal(read.size, spans.length);
        for (const { attributes, endedAt, failed, of, startedAt, trace } of spans) {
          const { span, attributes: described } = read.get(trace.spanId) ?? assert.fail();
          assert.equal(attributesOf({ attributes: described })["service.name"], of.service);
          assert.deepEqual(
            [span.name, span.traceId, span.traceState],
            [of.name, trace.traceId, trace.state],
          );
          const nanos = (ms: number): string =>
            (1_700_000_000_000_000_000n + BigInt(Math.round(ms * 1_000)) * 1_000n).toString();
          assert.deepEqual(
            [span.startTimeUnixNano, span.endTimeUnixNano],
            [nanos(startedAt), nanos(endedAt)],
          );
          assert.equal(span.status?.code, failed ? 2 : undefined);
          assert.deepEqual(attributesOf(span), { ...of.attributes, ...attributes });
        }
      },
    ),
    { numRuns: 200 },
  );
});

test("whoever records it says its release, when it has one; values of every kind arrive", () => {
  const encoder = new OtlpEncoder({ ...resource, release: 12 });
  const attributes = { list: ["a", 2, true], on: false, below: -1.5 };
  const links = [newTrace(), newTrace()];
  encoder.add(
    {
      of: {
        kind: "client",
        service: "orders",
        name: "GET",
        attributes: { "otel.scope.name": "x" },
      },
      trace: newTrace(true),
      startedAt: 1,
      endedAt: 2,
      failed: true,
      message: "declined",
      attributes,
      events: [{ name: "tried", at: 1, attributes: { on: true } }],
      links,
    },
    0,
  );
  const [only] = decodeTraces(bodyOf(encoder.take())).resourceSpans;
  assert.equal(attributesOf(only!.resource)["service.version"], "12");
  const [span] = only!.scopeSpans[0]!.spans;
  assert.deepEqual(JSON.parse(JSON.stringify(span?.status)), { code: 2, message: "declined" });
  assert.equal(span?.events?.[0]?.name, "tried");
  assert.deepEqual(
    span?.links?.map((link) => [link.traceId, link.spanId]),
    links.map(({ spanId, traceId }) => [traceId, spanId]),
  );
  const valueOf = (name: string) => span?.attributes?.find(({ key }) => key === name)?.value;
  assert.deepEqual(JSON.parse(JSON.stringify(valueOf("list"))), {
    arrayValue: { values: [{ stringValue: "a" }, { intValue: "2" }, { boolValue: true }] },
  });
  assert.deepEqual([valueOf("on")?.boolValue, valueOf("below")?.doubleValue], [false, -1.5]);
});
