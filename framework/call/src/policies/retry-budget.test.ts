import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { policyDefaults } from "./defaults.ts";
import { RetryBudget } from "./retry-budget.ts";

const { retryShare, retriesPerSecond, retryWindowMs } = policyDefaults;
const reserve = (retriesPerSecond * retryWindowMs) / 1_000;

test("a client that calls nothing else may retry ten times a second, over ten seconds", () => {
  const budget = new RetryBudget(policyDefaults);
  let paid = 0;
  while (budget.withdraw(0)) paid++;
  assert.equal(paid, reserve);
  assert.equal(budget.withdraw(retryWindowMs + 1), true);
});

test("a busy client may retry a fifth of its calls beside that", () => {
  const budget = new RetryBudget(policyDefaults);
  for (let call = 0; call < 1_000; call++) budget.deposit(0);
  let paid = 0;
  while (budget.withdraw(0)) paid++;
  assert.equal(paid, reserve + 200);
});

test("retries never exceed the budget of any window, in whatever order calls and retries come", () => {
  const step = fc.record({
    after: fc.integer({ min: 0, max: 40 }),
    calls: fc.integer({ min: 0, max: 3 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 1_000 }), (steps) => {
      const budget = new RetryBudget(policyDefaults);
      const calls: number[] = [];
      const retries: number[] = [];
      let now = 0;
      for (const { after, calls: count } of steps) {
        now += after;
        for (let call = 0; call < count; call++) {
          budget.deposit(now);
          calls.push(now);
        }
        if (budget.withdraw(now)) retries.push(now);
        const recent = (times: number[]): number =>
          times.filter((at) => at > now - retryWindowMs * 0.9).length;
        assert.ok(recent(retries) <= calls.length * retryShare + reserve + 1);
      }
    }),
    { numRuns: 30 },
  );
});
