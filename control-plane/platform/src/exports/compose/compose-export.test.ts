import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { exampleApp, exampleTags } from "../testing/example-app.ts";
import { composeExport } from "./compose-export.ts";

const options = {
  environment: "production",
  registry: "registry.example.com",
  tags: exampleTags,
  replicas: 1,
  postgresImage: "postgres:18.0",
  port: 8080,
};

test("the export is golden/compose.yaml, with a boot document for each program and no secret in any of them", (context) => {
  const { files, secrets } = composeExport(exampleApp, options);
  context.assert.fileSnapshot(
    files["compose.yaml"],
    fileURLToPath(new URL("../golden/compose.yaml", import.meta.url)),
    { serializers: [(value: unknown) => String(value)] },
  );
  assert.deepEqual(Object.keys(files).toSorted(), [
    "boot/gateway-web.json",
    "boot/mail-migrate.json",
    "boot/mail.json",
    "boot/orders-migrate.json",
    "boot/orders.json",
    "boot/payments-migrate.json",
    "boot/payments.json",
    "compose.yaml",
  ]);
  const drawn = Object.values(secrets).filter((text) => text !== "");
  for (const [name, text] of Object.entries(files))
    for (const secret of drawn) assert.ok(!text.includes(secret), name);
  assert.deepEqual(
    Object.keys(secrets)
      .filter((name) => secrets[name] === "")
      .toSorted(),
    ["files/partner-keys.json", "redis/payments", "settings/payments/providerKey"],
  );
});

test("programs share a network with whom they use, and with nobody else; only the gateway is reached from outside", () => {
  const { services } = parse(composeExport(exampleApp, options).files["compose.yaml"] ?? "") as {
    services: Record<
      string,
      { networks: string[]; ports?: string[]; read_only?: boolean; cap_drop?: string[] }
    >;
  };
  const networks = (name: string): string[] => services[name]?.networks ?? [];
  assert.deepEqual(networks("orders"), ["calls-orders", "calls-payments", "calls-postgres-main"]);
  // Its Redis is none of the app's.
  assert.deepEqual(networks("payments"), ["calls-payments", "calls-postgres-main", "outside"]);
  assert.deepEqual(networks("gateway-web"), ["front", "calls-orders"]);
  for (const [name, { cap_drop, ports, read_only }] of Object.entries(services)) {
    assert.deepEqual(ports, name === "gateway-web" ? ["8080:8080"] : undefined, name);
    if (name.startsWith("postgres-")) continue;
    assert.equal(read_only, true, name);
    assert.deepEqual(cap_drop, ["ALL"], name);
  }
});

test("certificates that a platform orders are refused, with what to do instead", () => {
  const [web, ...others] = exampleApp.gateways;
  assert.ok(web !== undefined);
  const acme = { domains: ["shop.example"], termsAgreed: true } as const;
  const gateways = [{ ...web, settings: { ...web.settings, tls: { acme } } }, ...others];
  assert.throws(() => composeExport({ ...exampleApp, gateways }, options), /takes a platform/);
});
