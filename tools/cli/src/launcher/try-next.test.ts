import assert from "node:assert/strict";
import { test } from "node:test";
import { command, contract, describeContract, query, schemaFrom } from "@kerf/contract";
import type { Status } from "@kerf/control-api";
import { tryNext } from "./try-next.ts";

const takes = (...required: string[]) => schemaFrom({ type: "object", required }, (value) => value);
const output = takes();
const catalog = describeContract(
  contract("catalog", {
    version: "1.0.0",
    operations: {
      get: query({ http: "GET /products/{sku}", access: "public", input: takes("sku"), output }),
      mine: query({ http: "GET /mine", input: takes(), output }),
      add: command({ http: "POST /products", access: "public", input: takes(), output }),
      find: query({ http: "GET /search", access: "public", input: takes("q"), output }),
      list: query({ http: "GET /products", access: "public", input: takes(), output }),
    },
  }),
);

function running(state: "ready" | "stopped"): Pick<Status, "gateways" | "units"> {
  const process = { pid: 1, state, restarts: 0, since: "2026-01-01T00:00:00Z" } as const;
  return {
    gateways: [{ name: "web", url: "http://127.0.0.1:8080", id: "web", ...process }],
    units: [
      {
        name: "main",
        services: ["catalog"],
        instances: [{ id: "main-1", address: "unix:/x", ...process }],
      },
    ],
  };
}

test("the first thing to try is a request that anyone may make and that answers", () => {
  assert.deepEqual(
    tryNext(running("ready"), [catalog], (words) => `npx kerf ${words}`),
    ["curl http://127.0.0.1:8080/products", "npx kerf status", "npx kerf logs -f"],
  );
  assert.equal(
    tryNext(running("stopped"), [catalog], (words) => words)[0],
    "curl http://127.0.0.1:8080/health",
  );
  assert.equal(tryNext({ gateways: [], units: [] }, [], (words) => words)[0], "status");
});
