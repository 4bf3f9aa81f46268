import assert from "node:assert/strict";
import { test } from "node:test";
import { CallContext } from "./context.ts";
import { KerfError } from "./errors.ts";
import { ManualClock } from "./manual-clock.ts";
import { TimerWheel } from "./timer-wheel.ts";
import { newTrace } from "./trace.ts";

function make(ms = 100) {
  const clock = new ManualClock();
  const wheel = new TimerWheel(clock);
  const context = new CallContext({
    clock,
    wheel,
    deadline: clock.now() + ms,
    trace: newTrace(),
    caller: "client",
  });
  return { clock, wheel, context };
}

test("nothing waits for the deadline until somebody asks for the signal", () => {
  const { wheel, context } = make();
  assert.equal(wheel.waiting, 0);
  assert.equal(context.signal.aborted, false);
  assert.equal(wheel.waiting, 1);
  context.release();
  assert.equal(wheel.waiting, 0);
});

test("the signal and the listeners hear of the deadline", async () => {
  const { clock, context } = make(100);
  const heard: string[] = [];
  context.onCancel((reason) => heard.push(reason.code));
  const { signal } = context;
  await clock.advance(130);
  assert.deepEqual(heard, ["deadline_exceeded"]);
  assert.equal((signal.reason as KerfError).code, "deadline_exceeded");
  assert.equal(context.remainingMs, 0);
});

test("the first reason stays, and whoever comes late hears it at once", () => {
  const { wheel, context } = make();
  const heard: string[] = [];
  const takeBack = context.onCancel(() => heard.push("taken back"));
  takeBack();
  context.cancel(new KerfError("cancelled", "the caller left"));
  context.cancel(new KerfError("internal", "later"));
  context.onCancel((reason) => heard.push(reason.code));
  assert.deepEqual(heard, ["cancelled"]);
  assert.equal((context.signal.reason as KerfError).code, "cancelled");
  assert.equal(wheel.waiting, 0);
});

test("a call inside another ends with it, and shares its timer when it shares its deadline", () => {
  const { clock, wheel, context: parent } = make();
  const fields = { clock, wheel, trace: newTrace(), caller: "orders", parent };
  const child = new CallContext({ ...fields, deadline: parent.deadline });
  const shorter = new CallContext({ ...fields, deadline: parent.deadline - 50 });
  const heard: string[] = [];
  child.onCancel((reason) => heard.push(`child ${reason.code}`));
  assert.equal(wheel.waiting, 1);
  shorter.onCancel((reason) => heard.push(`shorter ${reason.code}`));
  assert.equal(wheel.waiting, 2);
  parent.cancel(new KerfError("cancelled", "the caller left"));
  assert.deepEqual(heard, ["child cancelled", "shorter cancelled"]);
  assert.equal(wheel.waiting, 0);
});

test("a call inside another that is over is not told any more", () => {
  const { clock, wheel, context: parent } = make();
  const child = new CallContext({
    clock,
    wheel,
    deadline: parent.deadline,
    trace: newTrace(),
    caller: "orders",
    parent,
  });
  const heard: string[] = [];
  child.onCancel((reason) => heard.push(reason.code));
  child.release();
  parent.cancel(new KerfError("cancelled", "the caller left"));
  assert.deepEqual(heard, []);
  assert.equal(child.cancelled?.code, "cancelled");
});

test("a call without a deadline waits for no timer", () => {
  const { clock, wheel } = make();
  const context = new CallContext({
    clock,
    wheel,
    deadline: Number.POSITIVE_INFINITY,
    trace: newTrace(),
    caller: "client",
  });
  assert.equal(context.signal.aborted, false);
  assert.equal(wheel.waiting, 0);
});

test("the last listener takes the timer with it, and the next one brings it back", () => {
  const { wheel, context } = make();
  const first = context.onCancel(() => {});
  const second = context.onCancel(() => {});
  assert.equal(wheel.waiting, 1);
  first();
  assert.equal(wheel.waiting, 1);
  second();
  assert.equal(wheel.waiting, 0);
  context.onCancel(() => {});
  assert.equal(wheel.waiting, 1);
  context.release();
  assert.equal(wheel.waiting, 0);
});

test("a context without a trace is a span below its parent's, the same one whenever it is asked", () => {
  const { clock, wheel, context: parent } = make();
  const fields = { clock, wheel, deadline: parent.deadline, caller: "orders" };
  const child = new CallContext({ ...fields, parent });
  const grandchild = new CallContext({ ...fields, parent: child });
  assert.equal(grandchild.trace.parentId, child.trace.spanId);
  assert.equal(child.trace.parentId, parent.trace.spanId);
  assert.equal(grandchild.trace.traceId, parent.trace.traceId);
  assert.equal(child.trace, child.trace);
  assert.match(new CallContext(fields).trace.traceId, /^[0-9a-f]{32}$/);
});

test("whoever watches a call whose parent has ended is told at once, and no timer stays", () => {
  const { clock, wheel, context: parent } = make();
  const child = new CallContext({
    clock,
    wheel,
    deadline: parent.deadline - 10,
    caller: "orders",
    parent,
  });
  parent.cancel(new KerfError("cancelled", "the caller left"));
  const heard: string[] = [];
  for (let listener = 0; listener < 4; listener++)
    child.onCancel((reason) => heard.push(reason.code));
  assert.deepEqual(heard, ["cancelled", "cancelled", "cancelled", "cancelled"]);
  assert.equal(wheel.waiting, 0);
});

test("any number of listeners may come and go", () => {
  const { wheel, context } = make();
  const heard: number[] = [];
  const takeBack = Array.from({ length: 6 }, (_, index) =>
    context.onCancel(() => heard.push(index)),
  );
  for (const index of [0, 3, 5]) takeBack[index]?.();
  context.onCancel(() => heard.push(6));
  context.cancel(new KerfError("cancelled", "the caller left"));
  assert.deepEqual(new Set(heard), new Set([1, 2, 4, 6]));
  assert.equal(wheel.waiting, 0);
});

test("a part of a call counts, refuses and ends as the whole does, in another place of its trace", () => {
  const { context } = make();
  context.countCall("charge");
  const part = context.part(context.trace.child());
  assert.equal(part.trace.parentId, context.trace.spanId);
  assert.equal(part.countCall("charge"), 2);
  assert.equal(context.countCall("charge"), 3);
  context.transactionOpen = true;
  assert.equal(part.transactionOpen, true);
  const { signal } = part;
  context.cancel(new KerfError("cancelled", "the caller left"));
  assert.equal(signal.aborted, true);
});
