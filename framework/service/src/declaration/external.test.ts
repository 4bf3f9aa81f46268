import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import { contract, query } from "@kerf/contract";
import { KerfError } from "@kerf/kernel";
import { z } from "zod";
import { external, programOf } from "./external.ts";
import { service } from "./service.ts";

const tides = contract("tides", {
  version: "1.0.0",
  operations: { high: query({ input: z.object({}), output: z.object({}) }) },
});
const here = new URL(".", import.meta.url);

test("an external service is a service with its program as data", () => {
  const declared = external(tides, { owner: "t", command: ["./tides", "-v"], cwd: here });
  assert.equal(declared.type, "service");
  assert.deepEqual(programOf(declared), {
    command: ["./tides", "-v"],
    cwd: fileURLToPath(here).slice(0, -1),
    health: undefined,
    environment: {},
    allow: [],
    startMs: 20_000,
  });
  assert.equal(declared.recordsCommands, false);
  const own = service(tides, { owner: "t" }).implement({ high: () => ({}) });
  assert.equal(programOf(own), undefined);
});

test("everything that is wrong with it is reported at once", () => {
  assert.throws(
    () =>
      external(tides, {
        owner: "t",
        command: [],
        cwd: "./here",
        health: "health",
        environment: { PORT: "1", KERF_X: "2" },
      }),
    (thrown: unknown) => {
      assert.ok(thrown instanceof KerfError);
      assert.equal(thrown.code, "invalid_app");
      assert.equal((thrown.data as { problems: string[] }).problems.length, 5);
      return true;
    },
  );
});

test("without a sidecar its handlers say what is missing", async () => {
  const { handlers } = external(tides, { owner: "t", command: ["tides"], cwd: here });
  await assert.rejects(async () => handlers.high({} as never), { code: "not_ready" });
});
