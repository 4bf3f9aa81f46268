import assert from "node:assert/strict";
import { test } from "node:test";
import { bytesOf, limitProblems } from "./limits.ts";

test("sizes are whole megabytes and gigabytes", () => {
  assert.equal(bytesOf("512MB"), 536_870_912);
  assert.equal(bytesOf("2GB"), 2_147_483_648);
  for (const wrong of ["512", "512mb", "1.5GB", "-1MB", "", "9999999999MB"])
    assert.equal(bytesOf(wrong), undefined, wrong);
});

test("every wrong limit is named", () => {
  assert.deepEqual(
    limitProblems({ main: { memory: "512MB", cpus: 0.5 }, orders: {} }, ["main", "orders"]),
    [],
  );
  assert.deepEqual(
    limitProblems(
      {
        mian: { memory: "1GB" },
        main: { memory: "1 GB", cpus: Number.NaN },
        orders: { memory: "64MB" },
      },
      ["main", "orders"],
    ),
    [
      'limits: there is no unit "mian"; there can be main, orders',
      'limits: main: memory "1 GB" is not like "512MB" or "2GB"',
      "limits: main: cpus null is no number from 0.05",
      "limits: orders: memory 64MB is less than 128MB",
    ],
  );
});
