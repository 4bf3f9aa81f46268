import assert from "node:assert/strict";
import { test } from "node:test";
import { KerfError } from "@kerf/kernel";
import { grid, sky } from "../fixtures/contracts.ts";
import { houseService } from "../fixtures/house.ts";
import { type Fake, fake, ManualClock, startService } from "../index.ts";

const lamp = { room: "kitchen", watts: 60 };

const started = (power: Fake<typeof grid>, clock?: ManualClock) =>
  startService(houseService, {
    uses: { grid: power },
    principal: "ada",
    ...(clock === undefined ? undefined : { clock }),
  });

test("a fake answers with a value or by a function, and writes its calls down", async () => {
  const power = fake(grid, { price: ({ input }) => ({ cents: input.watts * 2 }) });
  await using house = await started(power);
  assert.equal((await house.client.light(lamp)).cents, 120);
  power.answer("price", { cents: 1 });
  assert.equal((await house.client.light(lamp)).cents, 1);
  const [first, second, third] = power.calls.price;
  assert.deepEqual(first?.input, { watts: 60 });
  assert.equal(first.caller, "house");
  assert.equal(first.principal?.subject, "ada");
  assert.ok(second !== undefined && third === undefined);
});

test("a stream answers with its items", async () => {
  const power = fake(grid, { load: [{ watts: 3 }, { watts: 7 }, { watts: 5 }] });
  await using house = await started(power);
  assert.deepEqual(await house.client.peak({}), { watts: 7 });
  power.answer("load", async function* () {
    yield { watts: 9 };
  });
  assert.deepEqual(await house.client.peak({}), { watts: 9 });
});

test("an answer that breaks the contract fails the test, with the field named", async () => {
  await using house = await started(fake(grid, { price: { cents: "five" } as never }));
  await assert.rejects(house.client.light(lamp), {
    code: "invalid_output",
    message: /grid\.price.*cents/,
  });
});

test("so do an item of a stream and what the service sends", async () => {
  const power = fake(grid, { load: [{ watts: "much" } as never], price: { cents: 5 } });
  await using house = await started(power);
  await assert.rejects(house.client.peak({}), { code: "invalid_output", message: /watts/ });
  await assert.rejects(house.client.light({ ...lamp, watts: 0 }), {
    code: "invalid_input",
    message: /grid\.price.*watts/,
  });
});

test("a call that the test has no answer for says which, whatever the service makes of it", async () => {
  await using house = await startService(houseService, { principal: "ada" });
  await assert.rejects(house.client.light(lamp), {
    code: "not_faked",
    message: /house called grid\.price/,
    fix: /fake\(grid, \{ price: … \}\)/,
  });
  await using careless = await startService(houseService, { uses: { sky: fake(sky) } });
  await assert.rejects(careless.client.dark({}), { code: "not_faked" });
});

test("an optional neighbour without a fake is simply not there", async () => {
  await using house = await startService(houseService);
  assert.deepEqual(await house.client.dark({}), { dark: false, sure: false });
});

test("a failed assertion in a fake fails the test", async () => {
  const power = fake(grid, {
    price({ input }) {
      assert.equal(input.watts, 40);
      return { cents: 1 };
    },
  });
  await using house = await started(power);
  await assert.rejects(house.client.light(lamp), assert.AssertionError);
});

test("what goes wrong after its caller has left is told at the end", async () => {
  const reached = Promise.withResolvers<void>();
  const leaving = new AbortController();
  const power = fake(grid, {
    async price({ context }) {
      reached.resolve();
      await new Promise((resolve) => context.onCancel(resolve));
      assert.fail("nobody listens any more");
    },
  });
  const house = await started(power);
  const call = house.client.light(lamp, { signal: leaving.signal });
  const rejected = assert.rejects(call, { code: "cancelled" });
  await reached.promise;
  leaving.abort();
  await rejected;
  await assert.rejects(house.stop(), /nobody listens any more/);
});

test("failures come as often as they are asked for; a query is tried again by the call path", async () => {
  const power = fake(grid, { price: { cents: 5 } });
  await using house = await started(power);
  power.fail("price", "unavailable", { times: 2 });
  assert.equal((await house.client.light(lamp)).cents, 5);
  assert.equal(power.calls.price.length, 3);
  power.fail("price", new KerfError("connection_lost", "The cable is cut."));
  await assert.rejects(house.client.light(lamp), { code: "unavailable" });
  power.heal("price");
  assert.equal((await house.client.light(lamp)).cents, 5);
});

test("a slow answer takes its time by the test's clock", async () => {
  const clock = new ManualClock();
  const power = fake(grid, { price: { cents: 5 } });
  power.delay("price", 40);
  await using house = await started(power, clock);
  let done = false;
  const call = house.client.light(lamp).then((answer) => {
    done = true;
    return answer;
  });
  await clock.advance(39);
  assert.equal(done, false);
  await clock.advance(1);
  assert.equal((await call).cents, 5);
});

test("a call that hangs ends with its deadline, after the attempts that fit into it", async () => {
  const clock = new ManualClock();
  const power = fake(grid, { price: { cents: 5 } });
  power.hang("price");
  await using house = await started(power, clock);
  const call = house.client.light(lamp);
  const rejected = assert.rejects(call, { code: "deadline_exceeded" });
  await clock.advance(2_100);
  await rejected;
  assert.ok(power.calls.price.length > 1);
});

test("an operation that the contract does not have is refused when it is faked", () => {
  assert.throws(() => fake(grid, { prize: { cents: 1 } } as never), {
    code: "unknown_operation",
    fix: /price, book, load/,
  });
  assert.throws(() => fake(grid).fail("prize" as never, "unavailable"), {
    code: "unknown_operation",
  });
});
