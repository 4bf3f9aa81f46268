import assert from "node:assert/strict";
import { test } from "node:test";
import { idleProcessors } from "./idle-processors.ts";
import { workSideBySide } from "./side-by-side.ts";

/** Works on ten items on a machine of which so much is idle while so many are under way; answers the order, and how many there were at once. */
async function work(idle: (going: number) => number): Promise<{ order: number[]; most: number }> {
  const order: number[] = [];
  let [going, most] = [0, 0];
  const turn = (): Promise<unknown> => new Promise((resolve) => setImmediate(resolve));
  const items = Array.from({ length: 10 }, (_, index) => index);
  const options = { least: 2, most: 4, room: 0.3, idle: () => idle(going), pause: turn };
  await workSideBySide(items, options, async (item) => {
    order.push(item);
    most = Math.max(most, (going += 1));
    for (let turns = 0; turns < 20; turns += 1) await turn();
    going -= 1;
  });
  assert.deepEqual(order, items);
  return { order, most };
}

test("as many at once as the machine has room for, and never fewer or more than said", async () => {
  assert.equal((await work(() => 0)).most, 2);
  assert.equal((await work((going) => (going < 3 ? 0.5 : 0.1))).most, 3);
  assert.equal((await work(() => 1)).most, 4);
});

test("what fails ends it, once the rest has ended", async () => {
  const ended: string[] = [];
  const options = { least: 2, most: 2, room: 1, idle: () => 0, pause: () => Promise.resolve() };
  const working = workSideBySide(["good", "bad", "never"], options, async (item) => {
    if (item === "bad") throw new Error("bad");
    await new Promise((resolve) => setImmediate(resolve));
    ended.push(item);
  });
  await assert.rejects(working, /bad/);
  assert.deepEqual(ended, ["good"]);
});

test("idle is what all processors did not do since the last question", () => {
  let [idle, user] = [100, 100];
  const times = () => ({ idle, user, nice: 0, sys: 0, irq: 0 });
  const idleSince = idleProcessors(() => [{ model: "", speed: 0, times: times() }]);
  [idle, user] = [130, 110];
  assert.equal(idleSince(), 0.75);
  assert.equal(idleSince(), 0);
});
