import assert from "node:assert/strict";
import { test } from "node:test";
import type { AuditEntry } from "@kerf/control-api";
import type { FoundLog, FoundSpan } from "../telemetry-store/query/answers.ts";
import { explain, type Surroundings } from "./explain.ts";
import { spansOfLogs } from "./spans-of-logs.ts";

const began = 1_763_770_000_000_000;
const server = 2;
const client = 3;

/** What a span is made of; times in milliseconds from the beginning of its trace. */
interface Given {
  readonly from?: number;
  readonly to?: number;
  readonly error?: string;
  readonly failed?: boolean;
  readonly thrown?: string;
  readonly release?: string;
  readonly attributes?: Readonly<Record<string, string | number>>;
}

/** A trace that is put together span by span. */
class TestTrace {
  readonly spans: FoundSpan[] = [];

  add(
    parentId: string | undefined,
    service: string,
    name: string,
    kind: number,
    given: Given = {},
  ): string {
    const { attributes = {}, error, from = 0, release, thrown, to = 10 } = given;
    const spanId = String(this.spans.length + 1).padStart(16, "0");
    this.spans.push({
      traceId: "1".repeat(32),
      spanId,
      ...(parentId === undefined ? undefined : { parentId }),
      service,
      ...(release === undefined ? undefined : { release }),
      name,
      kind,
      startedAt: began + from * 1_000,
      durationMicros: (to - from) * 1_000,
      failed: given.failed ?? error !== undefined,
      attributes: { ...attributes, ...(error === undefined ? undefined : { "error.type": error }) },
      events:
        thrown === undefined
          ? []
          : [
              {
                name: "exception",
                attributes: { "exception.type": "TypeError", "exception.message": thrown },
              },
            ],
      links: [],
    });
    return spanId;
  }

  request(given: Given = {}): string {
    return this.add(undefined, "gateway:web", "POST /orders", server, given);
  }

  call(parent: string | undefined, caller: string, callee: string, given: Given = {}): string {
    return this.add(parent, caller, callee, client, rpc(callee, given));
  }

  served(parent: string | undefined, callee: string, given: Given = {}): string {
    return this.add(parent, callee.split("/")[0] as string, callee, server, rpc(callee, given));
  }
}

function rpc(callee: string, given: Given): Given {
  const [service = "", method = ""] = callee.split("/");
  const attributes = { ...given.attributes, "rpc.service": service, "rpc.method": method };
  return { ...given, attributes };
}

const calm: Surroundings = {
  unitOf: () => undefined,
  stateOf: () => ({ absent: undefined, databaseAbsent: undefined }),
  changes: [],
};

test("a trace in which nothing failed has no explanation", () => {
  const trace = new TestTrace();
  trace.served(trace.call(trace.request(), "gateway:web", "orders/place"), "orders/place");
  assert.equal(explain(trace.spans, calm), undefined);
  assert.equal(explain([], calm), undefined);
});

test("code that throws is named with what it threw, its release, and who deployed it", () => {
  const trace = new TestTrace();
  const request = trace.request({ error: "internal" });
  const place = trace.served(
    trace.call(request, "gateway:web", "orders/place", { error: "internal" }),
    "orders/place",
    { error: "internal" },
  );
  const call = trace.call(place, "orders", "payments/authorise", { error: "internal" });
  trace.served(call, "payments/authorise", {
    error: "internal",
    thrown: "total is undefined",
    release: "payments@5",
  });
  const entry = { action: "deploy", unit: "payments", by: "ada", result: "done" };
  const at = (seconds: number): string => new Date(began / 1_000 + seconds * 1_000).toISOString();
  const changes: AuditEntry[] = [
    { ...entry, at: at(-100_000) },
    { ...entry, at: at(-120) },
    { ...entry, unit: "orders", at: at(-5) },
    { ...entry, action: "operate", at: at(-3) },
  ];
  const unitOf = (service: string): string => service;
  const found = explain(trace.spans, { ...calm, changes, unitOf });
  assert.equal(
    found?.sentence,
    "POST /orders failed with internal because payments.authorise threw in payments (payments@5): TypeError: total is undefined; payments was deployed by ada 2 min before.",
  );
  assert.equal(found.cause.kind, "bug");
  assert.deepEqual(
    found.path.spans.map(({ name, service }) => `${service} ${name}`),
    [
      "gateway:web POST /orders",
      "gateway:web orders/place",
      "orders orders/place",
      "orders payments/authorise",
      "payments payments/authorise",
    ],
  );
});

test("of failures side by side the one that ended in time is the reason", () => {
  const trace = new TestTrace();
  const place = trace.served(trace.request({ error: "internal", to: 20 }), "orders/place", {
    error: "internal",
    to: 20,
  });
  trace.call(place, "orders", "users/get", { error: "cancelled", to: 20 });
  trace.call(place, "orders", "search/find", { error: "unavailable", to: 40 });
  trace.call(place, "orders", "catalog/lookup", { error: "overloaded", to: 19 });
  const found = explain(trace.spans, calm);
  assert.equal(found?.cause.service, "catalog");
  assert.equal(found.cause.kind, "overloaded");
});

test("who made the caller give up by taking too long is found below what did not fail", () => {
  const trace = new TestTrace();
  const request = trace.request({ error: "deadline_exceeded", to: 500 });
  const place = trace.served(request, "orders/place", { error: "deadline_exceeded", to: 500 });
  trace.call(place, "orders", "catalog/lookup", { to: 20 });
  const call = trace.call(place, "orders", "payments/authorise", {
    error: "deadline_exceeded",
    from: 20,
    to: 500,
  });
  trace.served(call, "payments/authorise", { from: 25, to: 3_025, release: "payments@2" });
  const found = explain(trace.spans, calm);
  assert.equal(
    found?.sentence,
    "POST /orders failed with deadline_exceeded because payments.authorise in payments (payments@2) took 3.0 s, longer than it was given.",
  );
});

test("a service that nobody runs is down, and why is told", () => {
  const trace = new TestTrace();
  const request = trace.request({ error: "unavailable" });
  const call = trace.call(request, "gateway:web", "payments/authorise", { error: "unavailable" });
  for (const from of [1, 4]) {
    trace.call(call, "gateway:web", "payments/authorise", {
      from,
      to: from + 2,
      error: "connection_lost",
      attributes: { "kerf.attempt": from },
    });
  }
  const absent = "its copy payments-1 crashed";
  const found = explain(trace.spans, {
    ...calm,
    stateOf: () => ({ absent, databaseAbsent: undefined }),
  });
  assert.equal(
    found?.sentence,
    `POST /orders failed with unavailable because payments did not answer payments.authorise (connection_lost): ${absent}.`,
  );
});

test("a failing statement is the database's, a refusal of a service with its database away too", () => {
  const trace = new TestTrace();
  const served = trace.served(trace.request({ error: "unavailable" }), "payments/authorise", {
    error: "unavailable",
  });
  trace.add(served, "payments", "SELECT payments", client, {
    error: "unavailable",
    attributes: { "db.system.name": "postgresql" },
  });
  assert.equal(explain(trace.spans, calm)?.cause.kind, "database");

  const without = new TestTrace();
  without.served(without.request({ error: "unavailable" }), "payments/authorise", {
    error: "unavailable",
  });
  const databaseAbsent = "its server payments is restarting";
  const found = explain(without.spans, {
    ...calm,
    stateOf: () => ({ absent: undefined, databaseAbsent }),
  });
  assert.equal(
    found?.sentence,
    "POST /orders failed with unavailable because payments was failed by its database (unavailable): its server payments is restarting.",
  );
});

test("a saga that gave up by itself did so for what its last step was answered", () => {
  const trace = new TestTrace();
  const place = trace.served(trace.request({}), "orders/place");
  const of = { "kerf.saga.name": "checkout" };
  const saga = trace.add(place, "orders", "saga checkout", 1, {
    to: 90,
    error: "payment declined",
    attributes: { ...of, "kerf.saga.state": "undone" },
  });
  const step = (name: string, from: number, callee: string): void => {
    const above = trace.add(saga, "orders", name, 1, { from, to: from + 10, attributes: of });
    trace.served(trace.call(above, "orders", callee, { from, to: from + 9 }), callee, {
      from,
      to: from + 8,
    });
  };
  step("step checkout/reserve", 10, "inventory/reserve");
  step("step checkout/authorise", 30, "payments/authorise");
  step("undo checkout/authorise", 50, "payments/void");
  step("undo checkout/reserve", 70, "inventory/release");
  const found = explain(trace.spans, calm);
  assert.equal(
    found?.sentence,
    "the saga checkout of orders was undone because payments.authorise declined: payment declined.",
  );
  assert.deepEqual(
    found.cause.below.map(({ name }) => name),
    ["step checkout/authorise", "payments/authorise"],
  );
});

test("a saga that is not over is explained by its last try", () => {
  const trace = new TestTrace();
  trace.served(trace.request({}), "orders/place");
  const saga = { service: "orders", name: "checkout", state: "running", failure: null };
  for (const from of [100, 300]) {
    trace.call("f".repeat(16), "orders", "payments/authorise", {
      from,
      to: from + 10,
      error: "unavailable",
    });
  }
  const found = explain(trace.spans, { ...calm, saga });
  assert.equal(
    found?.sentence,
    "the saga checkout of orders does not get on because payments did not answer payments.authorise (unavailable): it runs by now.",
  );
  assert.equal(found.cause.at, began + 300_000);
  assert.match(
    explain(trace.spans, calm)?.sentence ?? "",
    /^a call of payments\.authorise by orders failed because/,
  );
});

test("what a fallback stood in for is told of a request that was answered", () => {
  const trace = new TestTrace();
  const home = trace.served(trace.request({}), "home/show");
  trace.call(home, "home", "recommendations/suggest", { error: "circuit_open" });
  const found = explain(trace.spans, calm);
  assert.equal(found?.path.isAnswered, true);
  assert.match(found.sentence, /^home went on without recommendations\.suggest because/);
});

test("a later attempt that succeeded leaves nothing to explain", () => {
  const trace = new TestTrace();
  const call = trace.call(trace.request({}), "gateway:web", "payments/get");
  const attempt = (number: number, error?: string): string =>
    trace.call(call, "gateway:web", "payments/get", {
      attributes: { "kerf.attempt": number },
      ...(error === undefined ? undefined : { error }),
    });
  attempt(1, "connection_lost");
  trace.served(attempt(2), "payments/get");
  assert.equal(explain(trace.spans, calm), undefined);
});

test("spans in a circle and below themselves are borne", () => {
  const trace = new TestTrace();
  const first = trace.request({ error: "internal" });
  const second = trace.served(first, "orders/place", { error: "internal" });
  const circle = trace.spans.map((span) => ({
    ...span,
    parentId: span.spanId === first ? second : first,
  }));
  assert.ok(explain(circle, calm) !== undefined);
  const chain = new TestTrace();
  let above = chain.request({ error: "internal" });
  for (let depth = 0; depth < 5_000; depth++)
    above = chain.served(above, "orders/place", { error: "internal" });
  assert.equal(explain(chain.spans.toReversed(), calm)?.path.spans.length, 5_001);
});

/** A line of a log; `at` in milliseconds since the request began. */
function logged(at: number, service: string, attributes: FoundLog["attributes"]): FoundLog {
  const [traceId, spanId] = ["1".repeat(32), `${at}`.padStart(16, "0")];
  return { at: began + at * 1_000, severity: 13, service, traceId, spanId, body: "", attributes };
}

const request = {
  method: "GET",
  route: "/search",
  operation: "search.find",
  status: 503,
  code: "unavailable",
  error: "unavailable: No instance of search is ready.\n  why: it is starting",
  duration_ms: 100,
};

test("what was not recorded is explained by what was logged: a service that threw, below those that asked it", () => {
  const lines = [
    logged(90, "main", {
      operation: "payments.authorise",
      caller: "orders",
      code: "internal",
      error: "TypeError: no provider\n    at service.ts:1",
    }),
    logged(95, "main", {
      operation: "orders.place",
      caller: "gateway:web",
      code: "unavailable",
      error: "unavailable: payments failed",
    }),
    logged(100, "gateway:web", { ...request, route: "/orders", operation: "orders.place" }),
    logged(50, "main", { message: "something else" }),
  ];
  const found = explain(spansOfLogs(lines.toReversed()), calm);
  assert.deepEqual(
    found?.path.spans.map(({ service, name }) => `${service} ${name}`),
    ["gateway:web GET /orders", "orders orders/place", "payments payments/authorise"],
  );
  assert.equal(
    found?.sentence,
    "GET /orders failed with unavailable because payments.authorise threw in payments: TypeError: no provider.",
  );
});

test("of a call that nobody served there is the caller's word, and how the copy ended that should have", () => {
  const spans = spansOfLogs([logged(100, "gateway:web", request)]);
  const ended = { at: began / 1_000 + 17_000, why: "The unit search hung and was ended." };
  const said = (state: ReturnType<Surroundings["stateOf"]>): string | undefined =>
    explain(spans, { ...calm, stateOf: () => state })?.sentence;
  const what = "GET /search failed with unavailable because search did not answer search.find";
  const there = { absent: undefined, databaseAbsent: undefined };
  const time = new Date(ended.at).toISOString().slice(11, 19);
  assert.equal(
    said({ ...there, ended }),
    `${what} (unavailable): a copy of it ended at ${time}Z (The unit search hung and was ended); it runs by now.`,
  );
  assert.equal(
    said({ ...there, ended: { ...ended, at: ended.at + 120_000 } }),
    `${what} (unavailable): it runs by now.`,
  );
  assert.equal(
    said({ ...there, absent: "it is not started" }),
    `${what} (unavailable): it is not started.`,
  );
});
