import assert from "node:assert/strict";
import { test } from "node:test";
import { command, contract, event, query } from "@kerf/contract";
import { postgres } from "@kerf/data";
import { service } from "@kerf/service";
import { z } from "zod";
import { startService } from "./index.ts";

const nothing = z.object({});
const seen = z.object({ percent: z.number(), key: z.string(), shown: z.string() });

const orders = contract("orders", {
  version: "1.0.0",
  operations: {},
  events: { placed: event({ schema: z.object({ id: z.string() }), key: "id" }) },
});

const fees = contract("fees", {
  version: "1.0.0",
  operations: {
    read: query({ access: "public", input: nothing, output: seen }),
    begin: command({ access: "public", input: nothing, output: nothing }),
    tell: query({ access: "public", input: nothing, output: nothing }),
  },
});

/** What each place was given, by its name. */
const given = new Map<string, unknown[]>();
const noted = Promise.withResolvers<void>();

const feesService = service(fees, {
  owner: "test",
  database: postgres({ migrations: new URL("./fixtures/migrations", import.meta.url) }),
  config: z.object({
    feePercent: z.number().min(0).default(2),
    currency: z.string().length(3),
    tiers: z.array(z.object({ from: z.int() })).default([]),
  }),
  secrets: { stripeKey: {}, webhookKey: { development: "for-development" } },
});
const settle = feesService.saga("settle", { version: 1, input: nothing }, async (s) => {
  await s.local("note", ({ config, secrets }) => {
    given.set("saga", [config.feePercent, secrets.stripeKey]);
    noted.resolve();
    return Promise.resolve({});
  });
});
feesService
  .on(orders, {
    placed: ({ config, secrets }) => void given.set("event", [config.currency, secrets.stripeKey]),
  })
  .worker("watch", {
    everyMs: 60_000,
    run: ({ config, secrets }) => {
      given.set("worker", [config.tiers, secrets.webhookKey]);
      return Promise.resolve();
    },
  })
  .implement({
    read: ({ config, secrets }) => ({
      percent: config.feePercent,
      key: secrets.stripeKey,
      shown: JSON.stringify({ secrets }),
    }),
    begin: ({ start, secrets, log }) => {
      start(settle, {});
      log.info("began", { secrets });
      return {};
    },
    tell: ({ config, secrets }) => {
      // @ts-expect-error not declared
      assert.equal(config.other, undefined);
      // @ts-expect-error not declared
      assert.equal(secrets.other, undefined);
      assert.throws(() => Object.assign(config.tiers, [{ from: 1 }]), TypeError);
      return {};
    },
  });

const config = { currency: "EUR" };
const secrets = { stripeKey: "sk_test_1" };

test("handlers, workers, event handlers and local steps get configuration and secrets, typed", async () => {
  await using running = await startService(feesService, { config, secrets });
  assert.deepEqual(await running.client.read({}), {
    percent: 2,
    key: "sk_test_1",
    shown: '{"secrets":"[secret]"}',
  });
  await running.client.tell({});
  await running.runWorker("watch");
  await running.receive(orders, "placed", { id: "o-1" });
  await running.client.begin({});
  await noted.promise;
  assert.deepEqual(Object.fromEntries(given), {
    worker: [[], "for-development"],
    event: ["EUR", "sk_test_1"],
    saga: [2, "sk_test_1"],
  });
  assert.deepEqual(running.log.find(({ message }) => message === "began")?.["secrets"], "[secret]");
});

test("what is missing or wrong is named all at once, and no value is", async () => {
  const started = startService(feesService, {
    config: { currency: "EURO", feePercent: -1 },
    secrets: {},
  });
  await assert.rejects(started, (error: Error & { code?: string }) => {
    assert.equal(error.code, "invalid_configuration");
    for (const part of ["config.currency", "config.feePercent", "the secret stripeKey is not set"])
      assert.match(error.message, new RegExp(part));
    return true;
  });
});
