import assert from "node:assert/strict";
import { test } from "node:test";
import { Lifecycle, type LifecycleState } from "./lifecycle.ts";
import { ManualClock } from "./manual-clock.ts";

test("start and stop happen once, in order, however often they are called", async () => {
  const steps: string[] = [];
  const step = (name: string) => async (): Promise<void> => void steps.push(name);
  const lifecycle = new Lifecycle({
    name: "unit a",
    start: step("start"),
    drain: step("drain"),
    stop: step("stop"),
  });
  const states: LifecycleState[] = [];
  lifecycle.onChange((state) => states.push(state));
  await Promise.all([lifecycle.start(), lifecycle.start()]);
  await Promise.all([lifecycle.stop(), lifecycle.stop()]);
  assert.deepEqual(steps, ["start", "drain", "stop"]);
  assert.deepEqual(states, ["starting", "ready", "draining", "stopped"]);
});

test("a start that fails lets go of everything and reports why; it is not drained", async () => {
  const steps: string[] = [];
  const lifecycle = new Lifecycle({
    name: "unit a",
    start: async () => Promise.reject(new Error("no database")),
    drain: async () => void steps.push("drain"),
    stop: async () => void steps.push("stop"),
  });
  await assert.rejects(lifecycle.start(), /no database/);
  assert.deepEqual(steps, ["stop"]);
  assert.equal(lifecycle.state, "stopped");
});

test("a drain and a stop that never end are bounded", async () => {
  const clock = new ManualClock();
  const never = (): Promise<void> => new Promise(() => {});
  const lifecycle = new Lifecycle({
    name: "unit a",
    start: async () => {},
    drain: never,
    stop: never,
    drainMs: 1_000,
    stopMs: 500,
    clock,
  });
  await lifecycle.start();
  const stopped = lifecycle.stop();
  await clock.advance(1_600);
  await stopped;
  assert.equal(lifecycle.state, "stopped");
});

test("what was stopped before it started does not start", async () => {
  const lifecycle = new Lifecycle({
    name: "unit a",
    start: async () => assert.fail("started"),
    stop: async () => {},
  });
  await lifecycle.stop();
  await assert.rejects(lifecycle.start(), /stopped before it was started/);
});
