import assert from "node:assert/strict";
import { test } from "node:test";
import type { Status, TrafficMap } from "@kerf/control-api";
import type { Manifest } from "../api/manifest.ts";
import { layout, heightOf, sizes } from "./layout.ts";
import { pictureOf, worst } from "./model.ts";

const instance = { id: "i", address: "", pid: 1, state: "ready", restarts: 0, since: "" } as const;

/** `units`: by name the services in them. */
function status(units: Readonly<Record<string, readonly string[]>>): Status {
  return {
    app: "shop",
    units: Object.entries(units).map(([name, services]) => ({
      name,
      services,
      instances: [instance],
    })),
    gateways: [{ ...instance, name: "web", url: "" }],
    services: [],
    databases: [{ ...instance, server: "main", embedded: true, services: [] }],
  } as unknown as Status;
}

const uses = (...names: string[]) => names.map((name) => ({ name, optional: false }));
const declared = {
  app: "shop",
  gateways: [{ name: "web", expose: [{ name: "orders" }] }],
  services: [
    { name: "orders", uses: uses("catalog"), follows: [], database: { server: "main" } },
    { name: "catalog", uses: [], follows: [] },
    { name: "search", uses: uses("catalog"), follows: ["catalog"] },
  ],
} as unknown as Manifest;
const apart = { orders: ["orders"], catalog: ["catalog"], search: ["search"] };

const waysOf = ({ ways }: ReturnType<typeof pictureOf>) =>
  Object.fromEntries(ways.map(({ id, use }) => [id, use]));

test("what is declared is drawn between units, and nothing within one", () => {
  assert.deepEqual(waysOf(pictureOf(status(apart), declared)), {
    "clients→gateway:web:http": "plain",
    "gateway:web→unit:orders:call": "plain",
    "unit:orders→unit:catalog:call": "plain",
    "unit:orders→database:main:data": "plain",
    "unit:search→unit:catalog:call": "plain",
    "unit:catalog→unit:search:event": "plain",
  });
  const together = pictureOf(status({ all: ["orders", "catalog", "search"] }), declared);
  assert.deepEqual(Object.keys(waysOf(together)), [
    "clients→gateway:web:http",
    "gateway:web→unit:all:call",
    "unit:all→database:main:data",
  ]);
});

test("traffic tells what is used, what is not, and what nobody declared", () => {
  const edge = (from: string, to: string, ratePerSecond: number, isDeclared: boolean) => ({
    from,
    to,
    kind: "call" as const,
    declared: isDeclared,
    ratePerSecond,
    errorShare: 0.5,
    p95Ms: ratePerSecond,
  });
  const node = (id: string, kind: "service" | "client" | "foreign" = "service") => ({
    id,
    kind,
    label: id,
  });
  const traffic: TrafficMap = {
    since: 0,
    until: 1,
    nodes: [
      node("orders"),
      node("catalog"),
      node("search"),
      node("bank", "foreign"),
      node("operator", "client"),
    ],
    edges: [
      edge("orders", "catalog", 4, true),
      edge("search", "catalog", 0, true),
      edge("catalog", "orders", 2, false),
      edge("orders", "bank", 1, false),
      edge("operator", "orders", 9, false),
    ],
  };
  const picture = pictureOf(status(apart), declared, traffic);
  const ways = waysOf(picture);
  assert.equal(ways["unit:orders→unit:catalog:call"], "used");
  assert.equal(ways["unit:search→unit:catalog:call"], "unused");
  assert.equal(ways["unit:catalog→unit:orders:call"], "undeclared");
  assert.equal(ways["unit:orders→foreign:bank:call"], "undeclared");
  assert.equal(Object.keys(ways).length, 8, "what operators call by hand is no way");
  const used = picture.ways.find(({ id }) => id === "unit:orders→unit:catalog:call");
  assert.deepEqual(used?.traffic, { ratePerSecond: 4, errorShare: 0.5, p95Ms: 4 });
});

test("boxes stand after who calls them, none over another, the same each time", () => {
  const picture = pictureOf(status(apart), declared);
  const places = layout(picture);
  const x = (id: string): number => places.get(id)?.x ?? Number.NaN;
  assert.ok(x("clients") < x("gateway:web"));
  assert.ok(x("gateway:web") < x("unit:orders"));
  assert.ok(x("unit:orders") < x("unit:catalog"));
  assert.ok(x("unit:catalog") < x("database:main"));
  assert.equal(x("unit:orders"), x("unit:search"));
  const boxes = picture.boxes.map((box) => ({ height: heightOf(box), ...places.get(box.id) }));
  for (const [at, a] of boxes.entries())
    for (const b of boxes.slice(at + 1))
      assert.ok(
        Math.abs((a.x ?? 0) - (b.x ?? 0)) >= sizes.width ||
          (a.y ?? 0) + a.height <= (b.y ?? 0) ||
          (b.y ?? 0) + b.height <= (a.y ?? 0),
      );
  assert.deepEqual(layout(pictureOf(status(apart), declared)), places);
});

test("units that call each other are placed all the same", () => {
  const round = {
    ...declared,
    services: [
      { name: "orders", uses: uses("catalog"), follows: [] },
      { name: "catalog", uses: uses("orders"), follows: [] },
    ],
  } as unknown as Manifest;
  assert.equal(layout(pictureOf(status(apart), round)).size, 6);
});

test("the worst copy says how a unit is", () => {
  assert.equal(worst(["ready", "crashed", "starting"]), "crashed");
  assert.equal(worst([]), "stopped");
});
