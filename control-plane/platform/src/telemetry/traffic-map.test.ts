import assert from "node:assert/strict";
import { test } from "node:test";
import type { AppManifest } from "@kerf/service";
import { type StoreEdge, trafficMap } from "./traffic-map.ts";

const manifest = {
  gateways: [{ name: "web", expose: [{ name: "orders" }], backend: { name: "pages", uses: [] } }],
  services: [
    {
      name: "orders",
      uses: [{ name: "payments" }, { name: "users", followed: true }],
      follows: ["users"],
      database: { server: "main" },
    },
    { name: "payments", uses: [], follows: [] },
    { name: "users", uses: [], follows: [] },
  ],
} as unknown as AppManifest;

function seen(from: string, to: string, kind: StoreEdge["kind"], errors = 0): StoreEdge {
  return { from, to, kind, count: 10, errors, ratePerSecond: 1, errorShare: errors / 10, p95Ms: 7 };
}

test("the map has what is declared with its traffic, and what was used without being declared", () => {
  const { edges, nodes } = trafficMap(manifest, (name) => `unit-of-${name}`, [
    seen("client", "gateway:web", "http"),
    // A backend calls in its own name; on the map it is its gateway.
    seen("pages", "orders", "call", 5),
    seen("gateway:web", "orders", "call"),
    seen("orders", "orders_db", "data"),
    seen("legacy", "payments", "call"),
  ]);
  const shown = edges.map(({ declared, errorShare, from, kind, ratePerSecond, to }) =>
    [from, to, kind, declared ? "declared" : "undeclared", ratePerSecond, errorShare].join(" "),
  );
  assert.deepEqual(shown.sort(), [
    "client gateway:web http declared 1 0",
    "gateway:web orders call declared 2 0.25",
    "legacy payments call undeclared 1 0",
    "orders payments call declared 0 0",
    "orders postgres:main data declared 1 0",
    "users orders event declared 0 0",
  ]);
  assert.deepEqual(
    nodes.map(({ id, kind, unit }) => [id, kind, unit ?? ""].join(" ")),
    [
      "client client ",
      "gateway:web gateway ",
      "orders service unit-of-orders",
      "payments service unit-of-payments",
      "users service unit-of-users",
      "postgres:main database ",
      "legacy foreign ",
    ],
  );
  const own = trafficMap(manifest, () => undefined, [], ["payments"]);
  assert.deepEqual(
    own.edges.map(({ from, to }) => [from, to]),
    [["orders", "payments"]],
  );
  assert.deepEqual(own.nodes.map(({ id }) => id).sort(), ["orders", "payments"]);
});
