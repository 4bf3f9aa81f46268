import assert from "node:assert/strict";
import { test } from "node:test";
import { contract, describeContract, query, schemaFrom } from "@kerf/contract";
import { routesOf } from "./gateway-routes.ts";

const anything = schemaFrom({}, (value: unknown) => value);
const notes = describeContract(
  contract("notes", {
    version: "1.0.0",
    operations: {
      open: query({ http: "GET /notes", access: "public", input: anything, output: anything }),
      inside: query({ access: "service", input: anything, output: anything }),
    },
  }),
);

test("each route says where it goes, who may ask, and what counts it", () => {
  const rate = { requests: 10, perMs: 1_000 };
  const routes = routesOf({
    name: "web",
    expose: [notes],
    settings: {
      routes: [
        {
          path: "/old/*",
          methods: ["GET"],
          to: { split: [{ to: { upstream: "legacy" } }, { to: "services" }] },
        },
      ],
      limits: [
        { by: "address", rate },
        { by: "user", rate, burst: 3, shared: true, routes: ["notes"] },
      ],
    },
  });
  assert.deepEqual(routes, [
    {
      gateway: "web",
      method: "GET",
      path: "/old/*",
      to: ["upstream:legacy", "services"],
      access: "public",
      limits: ["address 10/1000 ms"],
    },
    {
      gateway: "web",
      method: "GET",
      path: "/notes",
      to: ["notes.open"],
      access: "public",
      limits: ["address 10/1000 ms", "user 10/1000 ms, burst 3, shared"],
    },
  ]);
});
