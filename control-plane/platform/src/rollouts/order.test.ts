import assert from "node:assert/strict";
import { test } from "node:test";
import type { ManifestService } from "@kerf/service";
import { inOrder, programWaves } from "./order.ts";

const service = (name: string, ...uses: string[]): ManifestService =>
  ({ name, uses: uses.map((used) => ({ name: used, version: "1.0.0" })) }) as never;

const services = [
  service("orders", "inventory", "payments"),
  service("inventory", "catalog"),
  service("payments"),
  service("catalog"),
  service("a", "b"),
  service("b", "a"),
];

test("what is called comes before what calls it; a circle goes by name", () => {
  assert.deepEqual(inOrder({ services }, ["orders", "catalog", "inventory", "b", "a"]), [
    "catalog",
    "inventory",
    "orders",
    "a",
    "b",
  ]);
});

test("programs start in waves, gateways at the end", () => {
  const program = (unit: string, kind: "host" | "gateway", ...names: string[]) => ({
    unit,
    kind,
    services: names,
    copies: 1,
  });
  const waves = programWaves({ services }, [
    program("gateway:web", "gateway", "web"),
    program("orders", "host", "orders"),
    program("main", "host", "catalog", "payments"),
    program("inventory", "host", "inventory"),
  ]);
  assert.deepEqual(
    waves.map((wave) => wave.map(({ unit }) => unit)),
    [["main"], ["inventory"], ["orders"], ["gateway:web"]],
  );
});
