import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ManualClock, TimerWheel } from "@kerf/kernel";
import { rootContext } from "../root-context.ts";
import { shrunkDeadline } from "./deadline.ts";

test("a deadline only shrinks", () => {
  const clock = new ManualClock();
  const wheel = new TimerWheel(clock);
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 100_000 }),
      fc.integer({ min: 0, max: 100_000 }),
      fc.integer({ min: 0, max: 100_000 }),
      (above, own, now) => {
        const context = rootContext({ clock, wheel, caller: "reader", deadlineMs: above });
        assert.equal(shrunkDeadline(context, own, now), Math.min(above, now + own));
      },
    ),
  );
});
