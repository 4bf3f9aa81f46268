import assert from "node:assert/strict";
import { test } from "node:test";
import { delay, systemClock } from "./clock.ts";
import { ManualClock } from "./manual-clock.ts";

test("a manual clock runs what falls due in order, also what is added meanwhile", async () => {
  const clock = new ManualClock(1_000);
  const ran: string[] = [];
  clock.after(20, () => ran.push("b"));
  clock.after(10, () => {
    ran.push("a");
    clock.after(5, () => ran.push("a+5"));
  });
  clock.after(15, () => ran.push("never")).cancel();
  await clock.advance(30);
  assert.deepEqual(ran, ["a", "a+5", "b"]);
  assert.equal(clock.now(), 30);
  assert.equal(clock.wall(), 1_030);
});

test("a delay ends with its time, or with its signal", async () => {
  const clock = new ManualClock();
  let over = false;
  const waiting = delay(clock, 100).then(() => (over = true));
  await clock.advance(99);
  assert.equal(over, false);
  await clock.advance(1);
  await waiting;

  const leave = new AbortController();
  const given = delay(clock, 100, leave.signal);
  leave.abort(new Error("left"));
  await assert.rejects(given, /left/);
  assert.equal(clock.waiting, 0);
  await assert.rejects(delay(clock, 100, leave.signal), /left/);
});

test("the system's clock moves and its timers can be taken back", async () => {
  const before = systemClock.now();
  const cancelled = systemClock.after(0, () => assert.fail("was taken back"));
  cancelled.cancel();
  // A timer of the platform does not keep the process alive; this test does.
  const keep = setInterval(() => {}, 1_000);
  await delay(systemClock, 2);
  clearInterval(keep);
  assert.ok(systemClock.now() > before);
});
