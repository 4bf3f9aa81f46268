import assert from "node:assert/strict";
import { test } from "node:test";
import { gatewayToWalkThrough } from "./refusals.ts";

const running = { restarts: 0, since: "2026-01-01T00:00:00Z", state: "ready", pid: 1 } as const;
const shop = {
  app: "shop",
  environment: "dev",
  gateways: [{ name: "web", url: "http://127.0.0.1:8080", id: "web", ...running }],
  services: [],
  units: [
    { name: "main", services: ["orders", "inventory", "search"], instances: [] },
    { name: "payments", services: ["payments"], instances: [] },
    { name: "recommendations", services: ["recommendations"], instances: [] },
  ],
};

test("the tour goes through the web gateway of the shop, however its services are placed", () => {
  assert.equal(gatewayToWalkThrough(shop), "http://127.0.0.1:8080");
});

test("it refuses production, and another app", () => {
  for (const environment of ["production", "prod-eu"])
    assert.throws(() => gatewayToWalkThrough({ ...shop, environment }), {
      code: "forbidden",
      message: new RegExp(`environment ${environment}`),
    });
  for (const other of [{ gateways: [] }, { units: shop.units.slice(1) }])
    assert.throws(() => gatewayToWalkThrough({ ...shop, app: "booking", ...other }), {
      code: "invalid_configuration",
      message: /booking is another app/,
    });
});

test("it refuses a shop of which a service waits for a setting, with what to do", () => {
  const problem = {
    code: "invalid_configuration",
    message: "The service payments is not started.",
    fix: "Run kerf secrets set payments providerKey.",
    retry: "never",
  } as const;
  const service = { name: "payments", unit: "payments", owner: "team", version: "1.0.0" };
  assert.throws(() => gatewayToWalkThrough({ ...shop, services: [{ ...service, problem }] }), {
    code: "not_ready",
    message: /payments is not started/,
    fix: problem.fix,
  });
});
