import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { DeclaredError, KerfError } from "@kerf/kernel";
import { CircuitBreaker, meansTrouble } from "./circuit-breaker.ts";
import { policyDefaults } from "./defaults.ts";

function make() {
  const states: string[] = [];
  const breaker = new CircuitBreaker("shelf", policyDefaults, (state) => states.push(state));
  const failures = (count: number, now: number): void => {
    for (let index = 0; index < count; index++) {
      breaker.admit(now);
      breaker.failed(now);
    }
  };
  return { breaker, states, failures };
}

function refused(breaker: CircuitBreaker, now: number): KerfError {
  try {
    breaker.admit(now);
  } catch (thrown) {
    return thrown as KerfError;
  }
  throw new Error("it was admitted");
}

test("it opens at half of at least twenty calls, and not before", () => {
  const { breaker, states, failures } = make();
  failures(19, 0);
  assert.equal(breaker.state, "closed");
  failures(1, 0);
  assert.deepEqual(states, ["open"]);

  const half = make();
  for (let call = 0; call < 11; call++) half.breaker.succeeded(0);
  half.failures(10, 0);
  assert.equal(half.breaker.state, "closed");
  half.failures(1, 0);
  assert.equal(half.breaker.state, "open");
});

test("failures that are older than the window do not count", () => {
  const { breaker, failures } = make();
  failures(19, 0);
  failures(19, policyDefaults.breakerWindowMs + 1);
  assert.equal(breaker.state, "closed");
});

test("open, it refuses at once, says for how long, and that nothing was executed", () => {
  const { breaker, failures } = make();
  failures(20, 1_000);
  const error = refused(breaker, 2_000);
  assert.equal(error.code, "circuit_open");
  assert.equal(error.retry, "not-executed");
  assert.equal(error.retryAfterMs, 4_000);
  assert.match(error.message, /shelf/);
});

test("after five seconds one probe goes through; its success closes, its failure opens again", () => {
  const { breaker, states, failures } = make();
  failures(20, 0);
  breaker.admit(5_000);
  assert.equal(breaker.state, "probing");
  refused(breaker, 5_001);
  breaker.failed(5_100);
  refused(breaker, 10_000);
  breaker.admit(10_100);
  breaker.succeeded(10_200);
  assert.deepEqual(states, ["open", "probing", "open", "probing", "closed"]);
  // It starts afresh: the failures before do not count any more.
  failures(18, 10_300);
  assert.equal(breaker.state, "closed");
});

test("a probe whose caller left leaves the next call to probe", () => {
  const { breaker, failures } = make();
  failures(20, 0);
  breaker.admit(5_000);
  breaker.undecided();
  breaker.admit(5_001);
  assert.equal(breaker.state, "probing");
});

test("calls that were under way when it opened neither close it nor keep it open for longer", () => {
  const { breaker, failures } = make();
  failures(20, 0);
  breaker.succeeded(100);
  breaker.failed(4_000);
  assert.equal(breaker.state, "open");
  breaker.admit(5_000);
});

test("whatever happens, it is open only after failures, and is probed by one call at a time", () => {
  const step = fc.record({
    after: fc.integer({ min: 0, max: 3_000 }),
    outcome: fc.constantFrom("ok", "fail", "left"),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const { breaker } = make();
      let now = 0;
      for (const { after, outcome } of steps) {
        now += after;
        const before = breaker.state;
        try {
          breaker.admit(now);
        } catch (thrown) {
          assert.equal((thrown as KerfError).code, "circuit_open");
          assert.notEqual(before, "closed");
          continue;
        }
        if (breaker.state === "probing") assert.throws(() => breaker.admit(now));
        if (outcome === "ok") breaker.succeeded(now);
        else if (outcome === "fail") breaker.failed(now);
        else breaker.undecided();
        assert.notEqual(breaker.state, "probing");
        if (outcome === "ok") assert.equal(breaker.state, "closed");
      }
    }),
  );
});

test("what an error says of the callee", () => {
  const rows: readonly [error: KerfError, tookMs: number, verdict: boolean | undefined][] = [
    [new KerfError("unavailable", "x"), 1, true],
    [
      new KerfError("unavailable", { message: "nobody is there", retry: "not-executed" }),
      1,
      undefined,
    ],
    [new KerfError("unavailable", { message: "no answer", retry: "not-executed" }), 1_000, true],
    [new KerfError("connection_lost", "x"), 1, true],
    [new KerfError("overloaded", "x"), 1, true],
    [new KerfError("protocol_error", "x"), 1, true],
    [new KerfError("deadline_exceeded", "x"), 400, true],
    [new KerfError("deadline_exceeded", "x"), 3, undefined],
    [new KerfError("cancelled", "x"), 400, undefined],
    [new KerfError("not_here", "x"), 1, undefined],
    [new KerfError("internal", "x"), 1, false],
    [new KerfError("invalid_input", "x"), 1, false],
    [new DeclaredError("unavailable", {}), 1, false],
  ];
  for (const [error, tookMs, verdict] of rows) {
    assert.equal(meansTrouble(error, tookMs, policyDefaults), verdict, error.code);
  }
});
