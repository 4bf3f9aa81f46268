import assert from "node:assert/strict";
import { test } from "node:test";
import { KerfError, ManualClock } from "@kerf/kernel";
import { patiently } from "./patiently.ts";

test("what fails for a moment is tried again, later and later; what fails for good, or for too long, is thrown", async () => {
  const clock = new ManualClock();
  const at: number[] = [];
  const failing = (error: KerfError, times: number) => async (): Promise<string> => {
    at.push(clock.now());
    if (at.length <= times) throw error;
    return "done";
  };
  const away = new KerfError("unavailable", { message: "away", retry: "not-executed" });
  const begun = clock.now();
  const done = patiently(clock, failing(away, 2));
  await clock.advance(10_000);
  assert.equal(await done, "done");
  assert.deepEqual(
    at.map((ms) => ms - begun),
    [0, 250, 750],
  );

  at.length = 0;
  const broken = new KerfError("migration_failed", "a syntax error");
  await assert.rejects(patiently(clock, failing(broken, 9)), broken);
  assert.equal(at.length, 1);

  at.length = 0;
  const given = assert.rejects(patiently(clock, failing(away, 9)), away);
  await clock.advance(10_000);
  await given;
  assert.equal(at.length, 5);
});
