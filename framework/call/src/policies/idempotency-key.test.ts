import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock, TimerWheel } from "@kerf/kernel";
import { rootContext } from "../root-context.ts";
import { clientKeyPrefix, idempotencyKey } from "./idempotency-key.ts";

const wheel = new TimerWheel(systemClock);
const below = (key?: string) =>
  rootContext({ clock: systemClock, wheel, caller: "orders", idempotencyKey: key });

test("a call that is part of no command gets a key of its own, every time", () => {
  const context = below();
  const keys = [1, 2, 3].map(() => idempotencyKey(context, "stock.take", undefined));
  assert.equal(new Set(keys).size, 3);
});

test("a command that is run again sends the same keys, one for each of its calls", () => {
  const run = (): string[] => {
    const context = below("call:a");
    return ["stock.take", "stock.take", "bank.charge"].map((name) =>
      idempotencyKey(context, name, undefined),
    );
  };
  assert.deepEqual(run(), ["call:a/stock.take#1", "call:a/stock.take#2", "call:a/bank.charge#1"]);
  assert.deepEqual(run(), run());
});

test("what follows from a client's key is no client's key any more, and cannot be chosen by one", () => {
  const derived = idempotencyKey(below(`${clientKeyPrefix}x`), "stock.take", undefined);
  assert.equal(derived, "call:client:x/stock.take#1");
});

test("a key stays short however long the chain of calls is", () => {
  let key = "call:a";
  const seen = new Set<string>();
  for (let depth = 0; depth < 100; depth += 1) {
    key = idempotencyKey(below(key), "inventory.reserve", undefined);
    assert.ok(key.length <= 200);
    assert.ok(!seen.has(key));
    seen.add(key);
  }
});
