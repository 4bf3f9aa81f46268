import assert from "node:assert/strict";
import { test } from "node:test";
import { limitsProblems } from "./limits.ts";

const operations = ["orders.place", "orders.get", "users.login"];
const rate = { requests: 10, perMs: 1_000 };

test("limits that are right", () => {
  assert.deepEqual(limitsProblems(undefined, operations), []);
  assert.deepEqual(
    limitsProblems(
      [
        { by: "address", rate },
        { by: "user", rate, burst: 5, routes: ["orders", "users.login"] },
      ],
      operations,
    ),
    [],
  );
});

test("everything that is wrong with limits is named at once", () => {
  assert.deepEqual(limitsProblems({}, operations), ["limits must be a list of at most 20"]);
  assert.deepEqual(
    limitsProblems(
      [
        7,
        {
          by: "token",
          rate: { requests: 0, perMs: 1 },
          burst: 0.5,
          routes: ["order"],
          brust: 1,
          shared: 1,
        },
      ],
      operations,
    ),
    [
      "limits[0] must be { by, rate: { requests, perMs } }",
      "limits[1].brust is no field; there are by, rate, burst, routes, shared",
      'limits[1].by must be "address", "user", "key" or "everyone"',
      "limits[1].rate must be { requests, perMs }, whole numbers from 1 to 1000000000",
      "limits[1].burst must be a whole number from 1 to 1000000000",
      "limits[1].shared must be true or false",
      'limits[1].routes: the gateway routes no "order"',
    ],
  );
  assert.deepEqual(limitsProblems([{ by: "user", rate, routes: [] }], operations), [
    "limits[0].routes must be a list of what the gateway routes, or be left out for all",
  ]);
});
