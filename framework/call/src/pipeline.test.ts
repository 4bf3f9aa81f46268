import assert from "node:assert/strict";
import { test } from "node:test";
import { DeclaredError, KerfError } from "@kerf/kernel";
import { pipeline } from "./pipeline.ts";
import type { PolicyDefaults } from "./policies/defaults.ts";
import { type Arrived, FarSide } from "./testing/far-side.ts";
import { neighbourhood } from "./testing/neighbourhood.ts";
import { shelf, shelfService } from "./testing/shelf.ts";

function far(side: FarSide, policies?: Partial<PolicyDefaults>) {
  const made = neighbourhood(shelfService(), {
    far: true,
    discovery: side,
    connect: side.connect,
    ...(policies === undefined ? undefined : { policies }),
  });
  const bound = made.caller.bind(shelf, { caller: "reader" });
  return { ...made, client: bound(made.context()), bound };
}

const lost = new KerfError("connection_lost", "The connection ended.");
const book = { id: "a", title: "A" };

async function outcome(call: PromiseLike<unknown>): Promise<string> {
  try {
    await call;
    return "answered";
  } catch (thrown) {
    return (thrown as KerfError).code;
  }
}

test("the list names every position once, each with its reason", () => {
  const names = pipeline.map(({ name }) => name);
  assert.deepEqual(names, [
    "transaction guard",
    "json check",
    "trace",
    "idempotency key",
    "deadline",
    "retry",
    "hedge",
    "breaker",
    "bulkhead",
    "client throttle",
    "instance",
    "attempt span",
    "attempt timeout",
  ]);
  for (const { reason } of pipeline) assert.ok(reason.length > 40);
});

test("a query whose connection is lost is sent to another instance", async () => {
  const side = new FarSide("a", "b");
  const { client, clock } = far(side);
  const call = client.get({ id: "a" });
  side.arrived[0]?.fail(lost);
  await clock.advance(30);
  assert.equal(side.arrived.length, 2);
  assert.notEqual(side.arrived[1]?.address, side.arrived[0]?.address);
  side.arrived[1]?.answer(book);
  assert.deepEqual(await call, book);
});

test("a query is tried three times in all, within the backoff's bounds", async () => {
  const side = new FarSide("a");
  const { client, clock } = far(side);
  side.behaviour = (arrived) => arrived.fail(lost);
  const call = outcome(client.get({ id: "a" }));
  await clock.advance(25 + 50);
  assert.equal(await call, "connection_lost");
  assert.equal(side.arrived.length, 3);
});

test("a command that its callee records is sent again under the same key", async () => {
  const side = new FarSide("a", "b");
  side.records = true;
  const { client, clock } = far(side);
  const call = client.put({ id: "a" });
  side.arrived[0]?.fail(lost);
  await clock.advance(30);
  const keys = side.arrived.map(({ request }) => request.context.idempotencyKey);
  assert.equal(keys.length, 2);
  assert.match(String(keys[0]), /^call:[0-9a-f]{32}$/);
  assert.equal(keys[1], keys[0]);
  side.arrived[1]?.answer({});
  await call;
});

test("a command is not sent again unless it surely was not executed", async () => {
  const side = new FarSide("a", "b");
  const { client, clock } = far(side);
  side.behaviour = (arrived) => arrived.fail(lost);
  assert.equal(await outcome(client.put({ id: "a" })), "connection_lost");
  assert.equal(side.arrived.length, 1);

  const draining = new KerfError("not_here", "It is draining.");
  side.behaviour = (arrived) =>
    side.arrived.length === 2 ? arrived.fail(draining) : arrived.answer({ id: "a" });
  const call = client.put({ id: "a" });
  await clock.advance(30);
  assert.deepEqual(await call, { id: "a" });
  assert.notEqual(side.arrived[1]?.address, side.arrived[2]?.address);
});

test("a call was not executed only if none of its attempts was", async () => {
  const side = new FarSide("a", "b");
  side.records = true;
  const { client, clock } = far(side);
  const away = new KerfError("not_here", "It is draining.");
  for (const [first, then, said] of [
    [lost, away, "unknown"],
    [away, lost, "unknown"],
    [away, away, "not-executed"],
  ] as const) {
    const failed = assert.rejects(
      async () => client.put({ id: "a" }),
      (error: KerfError) => error.retry === said,
    );
    for (const error of [first, then, then]) {
      side.arrived.at(-1)?.fail(error);
      await clock.advance(300);
    }
    await failed;
  }
});

test("a declared error is an answer: it is not sent again, and the breaker takes it for a success", async () => {
  const side = new FarSide("a");
  const { client } = far(side);
  side.behaviour = (arrived) => arrived.fail(new DeclaredError("notFound", { id: "a" }));
  for (let call = 0; call < 50; call++)
    assert.equal(await outcome(client.get({ id: "a" })), "notFound");
  assert.equal(side.arrived.length, 50);
});

test("a callee's pushback is waited for, and no retry begins after the deadline", async () => {
  const side = new FarSide("a");
  const { bound, context, clock } = far(side);
  const busy = (ms: number): KerfError =>
    new KerfError("overloaded", { message: "Busy.", retryAfterMs: ms });
  side.behaviour = (arrived) => arrived.fail(busy(400));
  const call = outcome(bound(context({ deadlineMs: 1_000 })).get({ id: "a" }));
  await clock.advance(390);
  assert.equal(side.arrived.length, 1);
  await clock.advance(40);
  assert.equal(side.arrived.length, 2);
  await clock.advance(2_000);
  assert.equal(await call, "overloaded");
  assert.ok(side.arrived.length <= 3);

  const late = outcome(bound(context({ deadlineMs: 300 })).get({ id: "a" }));
  const before = side.arrived.length;
  await clock.advance(1_000);
  assert.equal(await late, "overloaded");
  assert.equal(side.arrived.length, before);
});

test("a deadline that has passed is refused before anything is sent", async () => {
  const side = new FarSide("a");
  const { bound, context, clock } = far(side);
  const late = context({ deadlineMs: 100 });
  await clock.advance(100);
  assert.equal(await outcome(bound(late).get({ id: "a" })), "deadline_exceeded");
  const left = context();
  left.cancel(new KerfError("cancelled", "The caller left."));
  assert.equal(await outcome(bound(left).get({ id: "a" })), "cancelled");
  assert.equal(side.arrived.length, 0);
});

test("the deadline is the context's, or the shorter one of the call; an own deadline makes it no longer", async () => {
  const side = new FarSide("a");
  const { bound, context } = far(side);
  void outcome(bound(context({ deadlineMs: 8_000 })).put({ id: "a" }));
  void outcome(bound(context({ deadlineMs: 8_000 })).put({ id: "a" }, { deadlineMs: 300 }));
  void outcome(bound(context({ deadlineMs: 8_000 })).put({ id: "a" }, { deadlineMs: 60_000 }));
  void outcome(bound(context({ deadlineMs: 60_000 })).put({ id: "a" }));
  assert.deepEqual(
    side.arrived.map(({ leftMs }) => leftMs),
    [8_000, 300, 8_000, 15_000],
  );
});

test("a hung instance costs an attempt and not the call", async () => {
  const side = new FarSide("hung", "well");
  const { bound, context, clock } = far(side);
  // Both are quick at first, so that the attempt's bound is known: fifty milliseconds.
  side.behaviour = (arrived) => arrived.answer(book);
  for (let call = 0; call < 40; call++) await bound(context()).get({ id: "a" });
  side.behaviour = (arrived) => void (arrived.address === "well" && arrived.answer(book));
  const seen = side.arrived.length;
  const calls = Array.from({ length: 10 }, () => outcome(bound(context()).get({ id: "a" })));
  await clock.advance(50 + 10 + 25 + 10);
  assert.deepEqual(
    await Promise.all(calls),
    Array.from({ length: 10 }, () => "answered"),
  );
  const hung = side.arrived.slice(seen).filter(({ address }) => address === "hung");
  assert.ok(hung.length > 0 && hung.length < 10);
  for (const { request } of hung)
    assert.equal(request.context.cancelled?.code, "deadline_exceeded");
});

test("the next calls wait no longer for an instance that hangs than the first ones did", async () => {
  const side = new FarSide("hung", "well", "fine");
  // Nobody is left out or remembered as slow, so that the hung one goes on being asked.
  const policies = { ejectAfter: 1_000, ejectCalls: 1_000, loadDecayMs: 1 };
  const { bound, context, clock } = far(side, policies);
  side.behaviour = (arrived) => arrived.answer(book);
  for (let call = 0; call < 40; call++) await bound(context()).get({ id: "a" });
  side.behaviour = (arrived) => void (arrived.address !== "hung" && arrived.answer(book));
  let hung: number[] = [];
  for (let round = 0; round < 10; round++) {
    const seen = side.arrived.length;
    const calls = Array.from({ length: 10 }, () => outcome(bound(context()).get({ id: "a" })));
    await clock.advance(8_000);
    await Promise.all(calls);
    const asked = side.arrived.slice(seen).filter(({ address }) => address === "hung");
    hung = [...hung, ...asked.map(({ leftMs }) => leftMs)];
  }
  assert.ok(hung.length >= 10, `${hung.length} of 100`);
  assert.ok(
    hung.every((leftMs) => leftMs <= 50),
    `${hung.join(" ")} ms`,
  );
});

test("when all instances are new, as after a deploy, they may be slow; beside one that is not, an attempt is given up as before", async () => {
  const side = new FarSide("old", "older");
  const { bound, context, clock } = far(side);
  const warm = (arrived: Arrived): void => arrived.answer(book);
  side.behaviour = warm;
  for (let call = 0; call < 40; call++) await bound(context()).get({ id: "a" });
  const bounds = async (...addresses: string[]): Promise<number[]> => {
    side.place(...addresses);
    const seen = side.arrived.length;
    for (let call = 0; call < 40; call++)
      await bound(context({ deadlineMs: 10_000 })).get({ id: "a" });
    return [...new Set(side.arrived.slice(seen).map(({ leftMs }) => Math.round(leftMs)))];
  };
  assert.deepEqual(await bounds("old", "new"), [50]);
  assert.deepEqual(await bounds("newer", "newest"), [5_000]);
  await clock.advance(10_001);
  assert.deepEqual(await bounds("newer", "newest"), [50]);
});

test("the last attempt has all the time that is left, and a command its whole deadline", async () => {
  const side = new FarSide("a");
  const { bound, context, clock } = far(side);
  side.behaviour = (arrived) => arrived.answer(book);
  for (let call = 0; call < 200; call++) await bound(context()).get({ id: "a" });
  side.behaviour = undefined;
  const call = bound(context({ deadlineMs: 10_000 })).get({ id: "a" });
  await clock.advance(500);
  const attempts = side.arrived.slice(-3).map(({ leftMs }) => Math.round(leftMs / 100) / 10);
  assert.equal(attempts[0], 0.1);
  assert.ok((attempts[2] as number) > 9.5, String(attempts));
  side.arrived.at(-1)?.answer(book);
  await call;
});

test("when it grows slow for everyone, the bound of an attempt follows", async () => {
  const side = new FarSide("a");
  const { bound, context, clock } = far(side, { retriesPerSecond: 1_000, breakerCalls: 1_000 });
  side.behaviour = (arrived) => arrived.answer(book);
  for (let call = 0; call < 40; call++) await bound(context()).get({ id: "a" });
  // From now on every answer takes 120 ms, which no attempt of 50 ms would ever see.
  const slow = (arrived: Arrived): void => {
    clock.after(120, () => {
      if (arrived.request.context.cancelled === undefined) arrived.answer(book);
    });
  };
  side.behaviour = slow;
  for (let round = 0; round < 10; round++) {
    const call = bound(context()).get({ id: "a" });
    await clock.advance(2_000);
    await call;
  }
  const before = side.arrived.length;
  const call = bound(context()).get({ id: "a" });
  await clock.advance(150);
  await call;
  assert.equal(side.arrived.length, before + 1);
});

test("most calls failing opens the circuit for that service, and a probe closes it", async () => {
  const side = new FarSide("a");
  const { bound, context, clock, lines } = far(side, { attempts: 1 });
  const down = new KerfError("unavailable", "Down.");
  side.behaviour = (arrived) => arrived.fail(down);
  for (let call = 0; call < 20; call++) await outcome(bound(context()).put({ id: "a" }));
  const before = side.arrived.length;
  assert.equal(await outcome(bound(context()).get({ id: "a" })), "circuit_open");
  assert.equal(side.arrived.length, before);
  await clock.advance(5_000);
  side.behaviour = undefined;
  const probe = bound(context()).put({ id: "a" });
  assert.equal(await outcome(bound(context()).put({ id: "a" })), "circuit_open");
  side.arrived.at(-1)?.answer({ id: "a" });
  await probe;
  side.behaviour = (arrived) => arrived.answer({ id: "a" });
  assert.equal(await outcome(bound(context()).put({ id: "a" })), "answered");
  assert.deepEqual(
    lines.map(({ level }) => level),
    ["warn", "info"],
  );
});

test("the outage of a service that its caller can do without is no warning", async () => {
  const side = new FarSide("a");
  const { caller, context, lines } = far(side, { attempts: 1 });
  side.behaviour = (arrived) => arrived.fail(new KerfError("unavailable", "Down."));
  const bound = caller.bind(shelf, { caller: "reader", optional: true });
  for (let call = 0; call < 20; call++) await outcome(bound(context()).put({ id: "a" }));
  assert.deepEqual(
    lines.map(({ level }) => level),
    ["info"],
  );
});

test("the budget bounds retries when everything fails", async () => {
  const side = new FarSide("a");
  const { bound, context, clock } = far(side, { breakerCalls: Number.POSITIVE_INFINITY });
  side.behaviour = (arrived) => arrived.fail(lost);
  const calls = Array.from({ length: 500 }, () => outcome(bound(context()).get({ id: "a" })));
  await clock.advance(1_000);
  await Promise.all(calls);
  // 20 % of 500 and ten a second over ten seconds.
  assert.equal(side.arrived.length, 500 + 100 + 100);
});

test("a caller that leaves while its call waits for a retry is answered at once", async () => {
  const side = new FarSide("a");
  const { bound, context, clock } = far(side);
  side.behaviour = (arrived) => arrived.fail(lost);
  const leaving = context();
  const call = outcome(bound(leaving).get({ id: "a" }));
  await new Promise((resolve) => setImmediate(resolve));
  leaving.cancel(new KerfError("cancelled", "The caller left."));
  assert.equal(await call, "cancelled");
  await clock.advance(1_000);
  assert.equal(side.arrived.length, 1);
});

test("the caller's own signal cancels the call, and is not held afterwards", async () => {
  const side = new FarSide("a");
  const { client } = far(side);
  const controller = new AbortController();
  const call = outcome(client.get({ id: "a" }, { signal: controller.signal }));
  controller.abort();
  assert.equal(await call, "cancelled");
  assert.equal(side.arrived[0]?.request.context.cancelled?.code, "cancelled");
  assert.equal(
    await outcome(client.get({ id: "a" }, { signal: AbortSignal.abort() })),
    "cancelled",
  );
  assert.equal(side.arrived.length, 1);
});

test("a service without a ready instance is unavailable, and is asked again when there is one", async () => {
  const side = new FarSide();
  const { client, clock } = far(side);
  const call = outcome(client.put({ id: "a" }));
  side.behaviour = (arrived) => arrived.answer({ id: "a" });
  side.place("a");
  await clock.advance(30);
  assert.equal(await call, "answered");
  side.place();
  const none = outcome(client.put({ id: "a" }));
  await clock.advance(100);
  assert.equal(await none, "unavailable");
});

test("the call is one span below its caller's; its attempts share it", async () => {
  const side = new FarSide("a");
  const { bound, context, clock } = far(side);
  const above = context();
  side.behaviour = (arrived) => arrived.fail(lost);
  const call = outcome(bound(above).get({ id: "a" }));
  await clock.advance(100);
  await call;
  const traces = side.arrived.map(({ request }) => request.context.trace);
  assert.equal(traces.length, 3);
  for (const trace of traces) {
    assert.equal(trace.traceId, above.trace.traceId);
    assert.equal(trace.parentId, above.trace.spanId);
    assert.equal(trace.spanId, traces[0]?.spanId);
  }
});

test("nothing stays behind: no timer, no listener, once every call is over", async () => {
  const side = new FarSide("a", "b");
  const { bound, context, clock, wheel } = far(side);
  side.behaviour = (arrived) =>
    side.arrived.length % 3 === 0 ? arrived.fail(lost) : arrived.answer(book);
  const above = context();
  const calls = Array.from({ length: 50 }, () => outcome(bound(above).get({ id: "a" })));
  await clock.advance(500);
  await Promise.all(calls);
  above.release();
  assert.equal(wheel.waiting, 0);
});

test("one program has so many calls under way to a service; what waits for a retry is none of them", async () => {
  const side = new FarSide("a");
  const { bound, context, clock } = far(side, { bulkhead: 2, attempts: 2 });
  const ask = () => outcome(bound(context()).get({ id: "a" }));
  const held = [ask(), ask()];
  const over = ask();
  await clock.advance(1_000);
  assert.equal(await over, "overloaded");
  assert.equal(side.arrived.length, 2);
  side.arrived[0]?.fail(lost);
  await clock.advance(0);
  const third = ask();
  await clock.advance(0);
  assert.equal(side.arrived.length, 3, "the place of the one that waits is free");
  for (const arrived of side.arrived.slice(1)) arrived.answer(book);
  await clock.advance(1_000);
  side.arrived[3]?.answer(book);
  assert.deepEqual(await Promise.all([...held, third]), ["answered", "answered", "answered"]);
});

test("a callee that refuses for want of room is asked less and less, and its breaker learns nothing from that", async () => {
  const side = new FarSide("a");
  const { bound, context, clock } = far(side, {
    breakerCalls: Number.POSITIVE_INFINITY,
    attempts: 1,
  });
  const full = new KerfError("overloaded", "There is no room.");
  side.behaviour = (arrived) => arrived.fail(full);
  for (let n = 0; n < 400; n++) await outcome(bound(context()).get({ id: "a" }));
  assert.ok(side.arrived.length < 100, `${side.arrived.length} of 400 were sent`);
  side.behaviour = (arrived) => arrived.answer(book);
  await clock.advance(11_000);
  assert.deepEqual(await bound(context()).get({ id: "a" }), book);
});
