import assert from "node:assert/strict";
import { test } from "node:test";
import { sequence } from "./sequence.ts";

for (let count = 0; count <= 11; count++) {
  test(`${count} steps run in order, each once, and stop where one throws`, () => {
    const ran: number[] = [];
    const steps = Array.from({ length: count }, (_, index) => () => void ran.push(index));
    sequence(steps)(undefined);
    assert.deepEqual(
      ran,
      steps.map((_, index) => index),
    );
    ran.length = 0;
    if (count === 0) return;
    const failing = steps.with(-1, () => {
      throw new Error("stop");
    });
    assert.throws(() => sequence(failing)(undefined), /stop/);
    assert.equal(ran.length, count - 1);
  });
}
