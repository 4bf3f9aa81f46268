import assert from "node:assert/strict";
import { test } from "node:test";
import { policyDefaults } from "./defaults.ts";
import { numbersOf, operationSettings, policyProblems } from "./settings.ts";

test("the closest word counts: all calls, the contract, the service, the operation", () => {
  const policies = {
    "*": { attempts: 2, deadlineMs: 1_000, breakerCalls: 5 },
    orders: { deadlineMs: 3_000 },
    "orders.get": { deadlineMs: 4_000, hedge: true },
  };
  const declared = { deadlineMs: 2_000, policies: { coalesce: true } };
  const settingsOf = (service: string, operation: string) =>
    operationSettings(policies, service, operation, declared);
  assert.equal(settingsOf("users", "get").deadlineMs, 2_000);
  assert.equal(settingsOf("orders", "list").deadlineMs, 3_000);
  assert.deepEqual(settingsOf("orders", "get"), {
    attempts: 2,
    deadlineMs: 4_000,
    breakerCalls: 5,
    hedge: true,
    coalesce: true,
  });
  assert.deepEqual(numbersOf(settingsOf("orders", "get")), {
    ...policyDefaults,
    attempts: 2,
    deadlineMs: 4_000,
    breakerCalls: 5,
  });
});

test("everything that is wrong is said at once", () => {
  const operations = new Map([["orders", { get: { kind: "query" }, place: { kind: "command" } }]]);
  const wrong = {
    "*": { attempts: 0 },
    invoices: { attempts: 1 },
    "orders.put": { attempts: 1 },
    "orders.get": { breakerCalls: 3, cache: { ttlMs: 1, for: "me" } },
    "orders.place": { hedge: true },
    orders: { colour: "red", criticality: "low" },
  };
  assert.deepEqual(policyProblems(wrong as never, operations), [
    "policies.*: attempts must be a number above 0, not 0",
    "policies.invoices: there is no service invoices",
    "policies.orders.put: orders has no such operation",
    "policies.orders.get: breakerCalls is shared by all operations of a service; set it for the service",
    'policies.orders.get: cache must be { ttlMs, for: "everyone" | "principal" }',
    "policies.orders.place: hedge is for queries, which change nothing",
    "policies.orders: colour is no setting",
    "policies.orders: criticality must be one of critical, normal, sheddable",
  ]);
  const right = { "*": { attempts: 2 }, "orders.get": { cache: { ttlMs: 5, for: "everyone" } } };
  assert.deepEqual(policyProblems(right as never, operations), []);
});
