import assert from "node:assert/strict";
import { test } from "node:test";
import { plain } from "./paint.ts";
import { picture, type Pictured } from "./picture.ts";
import { widthOf } from "./width.ts";

const running = { pid: 1, state: "ready", restarts: 0, since: "2026-01-01T00:00:00Z" } as const;
const instance = (id: string) => ({ id, address: `unix:/run/${id}.sock`, ...running });

const status: Pictured = {
  app: "shop",
  environment: "dev",
  phase: "ready",
  units: [
    { name: "payments", services: ["payments"], instances: [instance("payments-1")] },
    {
      name: "main",
      services: ["orders", "recommendations"],
      instances: [instance("main-1"), instance("main-2")],
    },
  ],
  gateways: [
    { name: "web", url: "http://127.0.0.1:8080", id: "gateway:web", ...running },
    { name: "mobile", url: "http://127.0.0.1:8081", id: "gateway:mobile", ...running },
  ],
  services: [],
  databases: [
    { server: "main", embedded: true, services: ["orders"], ...running },
    { server: "payments", embedded: true, services: ["payments"], ...running },
  ],
  platform: {
    url: "http://127.0.0.1:8090",
    pid: 1,
    version: "0.1.0",
    home: "/x",
    epoch: 1,
    generation: 1,
  },
};

test("draws clients, front doors, units with their services, and databases", () => {
  assert.equal(
    picture(status, plain),
    `
  shop dev, everything is ready

  clients ──▶ web     http://127.0.0.1:8080
          ──▶ mobile  http://127.0.0.1:8081
              │
              ├── payments             ready ──▶ database on payments
              └── main                 ready ×2
                  ├── orders                    ──▶ database on main
                  └── recommendations

  databases   main      embedded PostgreSQL, 1 database
              payments  embedded PostgreSQL, 1 database
  platform    http://127.0.0.1:8090`.slice(1),
  );
});

test("says what is not ready", () => {
  const problem = { code: "not_ready", message: "A secret is not set.", retry: "never" } as const;
  const waits = {
    name: "payments",
    unit: "main",
    owner: "team",
    version: "1.0.0",
    problem: { ...problem },
  };
  assert.match(
    picture({ ...status, services: [waits] }, plain),
    /shop dev, everything is ready but payments\n/,
  );
  const [payments, main] = status.units;
  const ailing: Pictured = {
    ...status,
    units: [
      {
        name: "payments",
        services: ["payments"],
        instances: [{ ...(payments?.instances[0] ?? instance("x")), state: "crashed" }],
      },
      {
        ...(main ?? status.units[0]!),
        instances: [instance("main-1"), { ...instance("main-2"), state: "starting" }],
      },
      { name: "search", services: ["search"], instances: [] },
    ],
  };
  const text = picture(ailing, plain);
  assert.match(text, /2 of 7 not ready/);
  assert.match(text, /payments +crashed/);
  assert.match(text, /main +1 of 2 ready/);
  assert.match(text, /search +no instance/);
});

test("eight services apart fit a terminal of 80 columns", () => {
  const names = [
    "users",
    "catalog",
    "search",
    "inventory",
    "orders",
    "payments",
    "notifications",
    "recommendations",
  ];
  const shop: Pictured = {
    ...status,
    units: names.map((name) => ({ name, services: [name], instances: [instance(`${name}-1`)] })),
    databases: [{ server: "main", embedded: true, services: names, ...running }],
  };
  for (const line of picture(shop, plain).split("\n")) assert.ok(widthOf(line) <= 80, line);
});
