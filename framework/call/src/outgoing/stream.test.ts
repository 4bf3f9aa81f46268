import assert from "node:assert/strict";
import { test } from "node:test";
import { KerfError } from "@kerf/kernel";
import { FarSide } from "../testing/far-side.ts";
import { neighbourhood } from "../testing/neighbourhood.ts";
import { shelf, shelfService } from "../testing/shelf.ts";

type Run = NonNullable<Parameters<typeof shelfService>[0]>["count"];

function near(count?: Run, options: Parameters<typeof neighbourhood>[1] = {}) {
  const made = neighbourhood(shelfService(count === undefined ? {} : { count }), options);
  const bound = made.caller.bind(shelf, { caller: "reader" });
  return { ...made, bound, client: bound(made.context()) };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

test("it is opened by the first pull, and produces as it is pulled", async () => {
  let produced = 0;
  const { client, inbound } = near(async function* () {
    for (;;) yield { n: ++produced };
  });
  const stream = client.count({ to: 9 });
  const items = stream[Symbol.asyncIterator]();
  await settled();
  assert.equal(produced, 0);
  assert.deepEqual(await items.next(), { done: false, value: { n: 1 } });
  await settled();
  assert.equal(produced, 1);
  assert.deepEqual(await Promise.all([items.next(), items.next()]), [
    { done: false, value: { n: 2 } },
    { done: false, value: { n: 3 } },
  ]);
  assert.equal(inbound.inFlight, 1);
  await items.return?.();
  assert.equal(inbound.inFlight, 0);
});

test("leaving the loop runs the producer's clean-up and aborts its signal", async () => {
  const events: string[] = [];
  const { bound, context, inbound, wheel } = near(async function* ({ context }) {
    context.signal.addEventListener("abort", () => events.push("aborted"));
    try {
      for (let n = 1; ; n++) yield { n };
    } finally {
      events.push("cleaned up");
    }
  });
  const above = context();
  for await (const { n } of bound(above).count({ to: 9 })) if (n === 2) break;
  await settled();
  above.release();
  assert.deepEqual(events.toSorted(), ["aborted", "cleaned up"]);
  assert.equal(inbound.inFlight, 0);
  assert.equal(wheel.waiting, 0);
});

test("cancel() from outside ends a pull that waits, without an error", async () => {
  const { client, inbound } = near(({ context }) => ({
    [Symbol.asyncIterator]: () => ({
      next: () => new Promise((_, reject) => context.onCancel(reject)),
    }),
  }));
  const stream = client.count({ to: 9 });
  const pull = stream[Symbol.asyncIterator]().next();
  await settled();
  stream.cancel();
  assert.equal((await pull).done, true);
  assert.equal(inbound.inFlight, 0);
  const unopened = client.count({ to: 9 });
  unopened.cancel();
  assert.equal((await unopened[Symbol.asyncIterator]().next()).done, true);
});

test("a stream is read once", () => {
  const { client } = near();
  const stream = client.count({ to: 9 });
  stream[Symbol.asyncIterator]();
  assert.throws(() => stream[Symbol.asyncIterator](), { code: "conflict" });
});

test("it has no deadline of its own, ends with the call that it is part of, and with the one that it is given", async () => {
  const ticking = (clock: { after: (ms: number, fn: () => void) => unknown }) =>
    async function* () {
      for (let n = 1; ; n++) {
        await new Promise<void>((resolve) => void clock.after(10_000, resolve));
        yield { n };
      }
    };
  const { bound, context, clock } = near(async function* () {
    yield* ticking(clock)();
  });
  const endless = bound(context({ deadlineMs: Number.POSITIVE_INFINITY }))
    .count({ to: 9 })
    [Symbol.asyncIterator]();
  for (let n = 1; n <= 5; n++) {
    const pull = endless.next();
    await clock.advance(10_000);
    assert.deepEqual((await pull).value, { n });
  }
  await endless.return?.();
  for (const bounded of [
    bound(context({ deadlineMs: 3_000 })).count({ to: 9 }),
    bound(context({ deadlineMs: Number.POSITIVE_INFINITY })).count(
      { to: 9 },
      { deadlineMs: 3_000 },
    ),
  ]) {
    const pull = assert.rejects(async () => bounded[Symbol.asyncIterator]().next(), {
      code: "deadline_exceeded",
    });
    await clock.advance(3_020);
    await pull;
  }
});

test("a caller that takes no item for too long is forgotten", async () => {
  const { bound, context, clock, inbound } = near(undefined, { streamIdleMs: 60_000 });
  const items = bound(context({ deadlineMs: Number.POSITIVE_INFINITY }))
    .count({ to: 9 })
    [Symbol.asyncIterator]();
  await items.next();
  await clock.advance(59_000);
  assert.equal(inbound.inFlight, 1);
  await items.next();
  await clock.advance(60_020);
  assert.equal(inbound.inFlight, 0);
  await assert.rejects(async () => items.next(), { code: "cancelled" });
});

test("items that break the contract, and errors after items, end it as what they are", async () => {
  const broken = near(async function* () {
    yield { n: 1 };
    yield { n: "two" };
  });
  const seen: unknown[] = [];
  await assert.rejects(
    async () => {
      for await (const item of broken.client.count({ to: 9 })) seen.push(item);
    },
    { code: "invalid_output" },
  );
  assert.deepEqual(seen, [{ n: 1 }]);
  assert.equal(broken.inbound.inFlight, 0);
  const { client } = near();
  await assert.rejects(async () => client.count({ to: 5_000 })[Symbol.asyncIterator]().next(), {
    code: "tooFar",
    declared: true,
  });
});

test("until its first item it is sent again like a query; from then on it ends with the error", async () => {
  const side = new FarSide("a", "b");
  const { bound, context, clock } = near(undefined, {
    far: true,
    discovery: side,
    connect: side.connect,
  });
  const lost = new KerfError("connection_lost", "The connection ended.");
  side.behaviour = (arrived) =>
    side.arrived.length === 1 ? arrived.fail(lost) : arrived.answer([{ n: 1 }, lost]);
  const items = bound(context()).count({ to: 9 })[Symbol.asyncIterator]();
  const first = items.next();
  await clock.advance(30);
  assert.deepEqual((await first).value, { n: 1 });
  assert.notEqual(side.arrived[0]?.address, side.arrived[1]?.address);
  await assert.rejects(async () => items.next(), { code: "connection_lost" });
  assert.equal((await items.next()).done, true);
  assert.equal(side.arrived.length, 2);
});

test("checked mode freezes items, and refuses those that JSON would change", async () => {
  const { client } = near(
    async function* () {
      yield { n: 1 };
      yield { n: -0 };
    },
    { checked: true },
  );
  const items = client.count({ to: 9 })[Symbol.asyncIterator]();
  assert.ok(Object.isFrozen((await items.next()).value));
  await assert.rejects(async () => items.next(), { code: "invalid_output" });
});

test("a stream inside an open transaction is refused as such, through every service above", async () => {
  const { bound, context, caller } = near();
  const inside = context();
  inside.transactionOpen = true;
  const items = bound(inside).count({ to: 9 })[Symbol.asyncIterator]();
  await assert.rejects(async () => items.next(), { code: "call_in_transaction" });
  assert.equal((await items.next()).done, true);
  const outer = neighbourhood(
    shelfService({
      put: async ({ context: handlers }) => {
        handlers.transactionOpen = true;
        await caller
          .bind(shelf, { caller: "shelf" })(handlers)
          .count({ to: 9 })
          [Symbol.asyncIterator]()
          .next();
      },
    }),
  );
  const call = outer.caller.bind(shelf, { caller: "reader" })(outer.context()).put({ id: "a" });
  await assert.rejects(call, { code: "call_in_transaction" });
});
