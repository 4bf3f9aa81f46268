import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "@kerf/kernel";
import { emptyWindow } from "../load/load-window.ts";
import { warmMoved } from "./warm-moved.ts";

/** Warms what is called `calls` times in ten seconds; answers the shares that the copies got, with their times. */
async function warmed(calls: number) {
  const clock = new ManualClock();
  const begun = clock.now();
  const shares: [number, number][] = [];
  let over = false;
  const done = warmMoved({
    clock,
    load: {
      window: ({ unit }) => ({ ...emptyWindow, seconds: 10, calls: unit === "main" ? calls : 0 }),
    },
    units: ["main", "search"],
    share: async (share) => void shares.push([share, clock.now() - begun]),
    step: (_detail, work) => work(),
  }).then(() => {
    over = true;
  });
  while (!over) await clock.advance(100);
  await done;
  return { shares, took: clock.now() - begun };
}

test("what is called a lot is called a little at first where it moves to, and then more often", async () => {
  const { shares, took } = await warmed(1_000);
  assert.deepEqual(shares, [
    [0.1, 0],
    [0.3, 1_000],
  ]);
  assert.equal(took, 2_000);
});

test("what is hardly called moves at once", async () => {
  assert.deepEqual((await warmed(90)).shares, []);
});
