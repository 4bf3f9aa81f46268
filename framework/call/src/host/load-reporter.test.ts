import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "@kerf/kernel";
import { RequestLoad } from "../load/request-load.ts";
import type { LoadMeasured } from "../placement.ts";
import { heartbeatMs, LoadReporter, type ReportTaken } from "./load-reporter.ts";

function setting() {
  const clock = new ManualClock();
  const source = new RequestLoad();
  const sent: LoadMeasured[] = [];
  const answers: ReportTaken[] = [];
  const reporter = new LoadReporter({
    clock,
    source,
    usage: () => ({ cpuMs: 1, residentBytes: 2 }),
    send: (measured) => {
      sent.push(measured);
      return Promise.resolve(answers.shift() ?? "taken");
    },
  });
  /** A second later, and what is answered then. */
  const second = async (times = 1): Promise<void> => {
    for (let i = 0; i < times; i++) {
      await clock.advance(1_000);
      for (let turn = 0; turn < 4; turn++) await Promise.resolve();
    }
  };
  const called = (name: string): void => {
    source.entered();
    source.left({ name, durationMs: 3, failed: false, stream: false });
  };
  return { source, sent, answers, reporter, second, called };
}

test("a program that does nothing says so every five seconds; one that was called tells of what was called, once", async () => {
  const { reporter, sent, second, called } = setting();
  reporter.start();
  await second();
  assert.equal(sent.length, 1, "the first time at once: nobody knows of it yet");
  await second(heartbeatMs / 1_000 - 1);
  assert.equal(sent.length, 1);
  await second();
  assert.equal(sent.length, 2);
  called("orders.get");
  called("orders.get");
  called("orders.place");
  await second();
  assert.deepEqual(
    sent[2]?.operations.map(({ name, calls }) => [name, calls]),
    [
      ["orders.get", 2],
      ["orders.place", 1],
    ],
  );
  called("orders.get");
  await second();
  assert.deepEqual(
    sent[3]?.operations.map(({ name, calls }) => [name, calls]),
    [["orders.get", 3]],
  );
  await second(2);
  assert.equal(sent.length, 4);
});

test("calls in flight are told every second, and once more when there are none", async () => {
  const { reporter, sent, source, second } = setting();
  reporter.start();
  source.entered();
  await second(3);
  source.left({ name: undefined, durationMs: 1, failed: false, stream: false });
  await second(3);
  assert.deepEqual(
    sent.map(({ inFlight }) => inFlight),
    [1, 1, 1, 0],
  );
});

test("what was not taken is told again, a new platform is told all, one that does not know of it is not asked again", async () => {
  const { reporter, sent, answers, second, called } = setting();
  called("orders.get");
  answers.push("away");
  reporter.start();
  await second(2);
  assert.deepEqual(sent[0], sent[1]);
  reporter.stop();
  await second(heartbeatMs / 1_000);
  assert.equal(sent.length, 2);
  reporter.start();
  await second();
  assert.equal(sent[2]?.operations.length, 1);
  answers.push("unknown");
  called("orders.get");
  await second(1 + heartbeatMs / 1_000);
  assert.equal(sent.length, 4);
});
