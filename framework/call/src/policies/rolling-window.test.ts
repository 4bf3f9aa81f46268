import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { RollingWindow } from "./rolling-window.ts";

test("it counts what is inside of the window, and forgets one slice at a time", () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ after: fc.integer({ min: 0, max: 700 }), second: fc.boolean() }), {
        maxLength: 200,
      }),
      (steps) => {
        const window = new RollingWindow(1_000, 10);
        const at: { now: number; second: boolean }[] = [];
        let now = 0;
        for (const { after, second } of steps) {
          now += after;
          at.push({ now, second });
          if (second) window.addSecond(now);
          else window.addFirst(now);
          const counted = window.first + window.second;
          const within = (ms: number): number => at.filter((entry) => entry.now > now - ms).length;
          // What is younger than nine slices is surely in, what is older than ten surely out.
          assert.ok(counted >= within(900) && counted <= within(1_001), `${counted} at ${now}`);
        }
        window.turn(now + 5_000);
        assert.equal(window.first + window.second, 0);
      },
    ),
  );
});
