import assert from "node:assert/strict";
import { closeSync, openSync, readdirSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { line, point, setUp, span } from "./testing/rows.ts";

const hour = 3_600_000;
const everything = { from: 0, to: Number.MAX_SAFE_INTEGER / 1_000, limit: 100 };

test("a trace is found by its id, in the order in which its spans began, also after another start", (t) => {
  const { again, store } = setUp(t);
  const first = span({ startedAt: 5 });
  const { traceId } = first.span;
  store.add([span({ traceId, startedAt: 9, name: "payments/charge", service: "payments" }), first]);
  store.add([span(), span({ traceId, startedAt: 7, failed: true })]);
  for (const each of [() => store, again]) {
    const found = each().trace(traceId.toString("hex"));
    assert.deepEqual(
      found.map(({ startedAt, service, failed }) => [startedAt, service, failed]),
      [
        [5, "orders", false],
        [7, "orders", true],
        [9, "payments", false],
      ],
    );
  }
});

test("queries find spans", (t) => {
  const { store } = setUp(t);
  const spans = {
    slow: span({ startedAt: 0, endedAt: 2_000_000, attributes: { "order.id": "o-7", paid: true } }),
    failed: span({
      service: "payments",
      name: "payments/charge",
      failed: true,
      attributes: { "error.type": "card_declined", attempt: 2 },
      message: "no 100% luck",
    }),
    other: span({
      name: "100_percent",
      kind: 3,
      more: { region: "eu", "service.version": "orders@3" },
    }),
  };
  store.add(Object.values(spans));
  const ask = (query: string): string[] => {
    const found = store.spans({ ...everything, query });
    return Object.entries(spans)
      .filter(([, { span: one }]) =>
        found.some(({ spanId }) => spanId === one.spanId.toString("hex")),
      )
      .map(([name]) => name);
  };
  const expected: readonly (readonly [query: string, names: readonly string[]])[] = [
    ["", ["slow", "failed", "other"]],
    ["status:error", ["failed"]],
    ["status:ok", ["slow", "other"]],
    ["service:PAYMENTS", ["failed"]],
    ["service:pay*", ["failed"]],
    ["duration:>1s", ["slow"]],
    ["duration:<=250ms", ["failed", "other"]],
    ["@order.id:o-7", ["slow"]],
    ["@order.id:*", ["slow"]],
    ["@paid:true", ["slow"]],
    ["@attempt:>=2", ["failed"]],
    ["@attempt:>2", []],
    ["@region:eu", ["other"]],
    ["code:card_declined", ["failed"]],
    ["-code:card_declined", ["slow", "other"]],
    ["kind:client", ["other"]],
    ["release:orders@3", ["other"]],
    ["luck", ["failed"]],
    ["100%", ["failed"]],
    ["100_", ["other"]],
    ["status:error OR duration:>1s", ["slow", "failed"]],
    ["(status:error OR duration:>1s) service:orders", ["slow"]],
    [`trace:${spans.slow.span.traceId.toString("hex")}`, ["slow"]],
  ];
  for (const [query, names] of expected) assert.deepEqual(ask(query), names, query);
  for (const wrong of [
    "colour:red",
    "duration:fast",
    "service:>a",
    "@attempt:>x",
    "trace:xyz",
    "status:maybe",
  ])
    assert.throws(() => ask(wrong), { code: "invalid_input" }, wrong);
});

test("queries find lines of logs, those of a trace among them", (t) => {
  const { store } = setUp(t);
  const traceId = Buffer.alloc(16, 7);
  store.add([
    line(),
    line({
      severity: 17,
      body: "the card was declined",
      attributes: { code: "declined" },
      traceId,
    }),
    line({ severity: 13, body: { nested: ["deeply"] } }),
  ]);
  const ask = (query: string): unknown[] =>
    store.logs({ ...everything, query }).map(({ severity }) => severity);
  assert.deepEqual(ask("level:>=warn"), [13, 17]);
  assert.deepEqual(ask("level:<=info"), [9]);
  assert.deepEqual(ask("level:error"), [17]);
  assert.deepEqual(ask("deeply"), [13]);
  assert.deepEqual(ask("code:declined"), [17]);
  assert.deepEqual(ask(`trace:${traceId.toString("hex")}`), [17]);
  assert.deepEqual(ask("message:*declined*"), [17]);
});

test("a batch that cannot be kept leaves nothing behind, and the next one is kept", (t) => {
  const { store } = setUp(t);
  store.add([span({ name: "before" })]);
  const broken = span({ name: "new", startedAt: Number.NaN });
  assert.throws(() => store.add([span({ name: "new" }), broken]));
  store.add([span({ name: "new" })]);
  const names = store.spans({ ...everything, query: "" });
  assert.deepEqual(
    names.map(({ name }) => name),
    ["new", "before"],
  );
  assert.equal(store.stored.spans, 2);
});

test("what is too old goes a file at a time, and so does what is too much", async (t) => {
  const old = setUp(t, { maxBytes: 1e9, maxAgeMs: 24 * hour });
  for (let at = 0; at < 40; at += 7) {
    old.store.add([span({ startedAt: at * hour * 1_000 })]);
    await old.clock.advance(7 * hour);
  }
  const kept = readdirSync(old.directory).filter((name) => name.endsWith(".db"));
  assert.ok(kept.length >= 4 && kept.length <= 5, String(kept));
  assert.equal(old.store.stored.spans, kept.length);

  // An age that is shorter than a segment's usual one is kept to as well.
  const short = setUp(t, { maxBytes: 1e9, maxAgeMs: hour });
  for (let minute = 0; minute < 180; minute += 3) {
    short.store.add([span({ startedAt: minute * 60_000_000 })]);
    await short.clock.advance(180_000);
  }
  const minutes = short.store
    .spans({ query: "", from: 0, to: 9 * hour, limit: 99 })
    .map(({ startedAt }) => startedAt / 60_000_000);
  assert.equal(Math.max(...minutes), 177);
  assert.ok(Math.min(...minutes) >= 105 && Math.min(...minutes) <= 120, String(minutes));

  // A stream without a pause: as much as is set, the newest whole, within one hour.
  const maxBytes = 4_000_000;
  const large = setUp(t, { maxBytes, maxAgeMs: 1_000 * hour });
  const text = "x".repeat(300);
  for (let batch = 0; batch < 40; batch++) {
    large.store.add(
      Array.from({ length: 500 }, () => span({ name: `${batch}`, attributes: { text } })),
    );
    // One look at the size is 4,000 rows after the last.
    const { bytes } = large.store.stored;
    assert.ok(bytes < maxBytes + 8_000 * 600, String(bytes));
  }
  const names = (name: string) =>
    large.store.spans({ ...everything, query: `name:${name}`, limit: 999 }).length;
  assert.deepEqual([names("39"), names("0")], [500, 0]);
});

test("a file that is none is left out and said, and goes when it is old", async (t) => {
  const { again, clock, directory, lines, store } = setUp(t, { maxBytes: 1e9, maxAgeMs: hour });
  store.add([span()]);
  writeFileSync(join(directory, "5.db"), "this is no database, whatever its name says".repeat(99));
  const next = again();
  assert.equal(next.stored.spans, 1);
  assert.match(lines.join(), /5\.db cannot be read/);
  await clock.advance(7 * hour);
  next.add([span()]);
  assert.ok(!readdirSync(directory).includes("5.db"));
});

test("a file that was damaged takes nothing with it but itself, and what comes goes into another", (t) => {
  const { again, directory, lines, store } = setUp(t);
  store.add(Array.from({ length: 3_000 }, () => span({ attributes: { text: "x".repeat(200) } })));
  store.close();
  const [name = ""] = readdirSync(directory).filter((file) => file.endsWith(".db"));
  const file = openSync(join(directory, name), "r+");
  writeSync(file, Buffer.alloc(600_000, 0xff), 0, 600_000, 65_536);
  closeSync(file);
  const after = again();
  const kept = span({ name: "kept" });
  for (let n = 0; n < 3; n++) after.add([kept, line(), point()]);
  assert.equal(after.trace(kept.span.traceId.toString("hex")).length, 1);
  assert.deepEqual(
    after.traces({ ...everything, query: "name:kept" }).map(({ name: found }) => found),
    ["kept"],
  );
  assert.ok(after.logs({ ...everything, query: "" }).length >= 3);
  assert.equal(after.spans({ ...everything, query: "name:kept" }).length, 3);
  after.edges(everything);
  assert.match(lines.join(), /damaged/);
});

test("what was recorded after the clock went back is found at its time", async (t) => {
  const { clock, store } = setUp(t);
  await clock.advance(50 * hour);
  store.add([span({ name: "later", startedAt: 50 * hour * 1_000 })]);
  // The machine's clock was a day ahead.
  store.add([span({ name: "earlier", startedAt: 26 * hour * 1_000 })]);
  const at = (from: number): string[] =>
    store.spans({ query: "", from, to: from + hour, limit: 9 }).map(({ name }) => name);
  assert.deepEqual(at(26 * hour), ["earlier"]);
  assert.deepEqual(at(50 * hour), ["later"]);
  assert.deepEqual(at(30 * hour), []);
});
