import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { ServedArguments, ServedOperation } from "@kerf/call";
import { KerfError, systemClock as clock } from "@kerf/kernel";
import { silentLogger as log } from "@kerf/telemetry";
import { queryServer } from "../telemetry-store/query/http.ts";
import { type Received, TelemetryStore } from "../telemetry-store/store.ts";
import { StoreClient } from "./store-client.ts";
import { telemetryOperations } from "./telemetry-operations.ts";

const passed = (value: unknown): never => value as never;
const traceId = "0af7651916cd43dd8448eb211c80319c";

function spanOf(service: string, id: number): Received {
  const startedAt = Date.now() * 1_000;
  return {
    resource: { attributes: { "service.name": service } },
    span: {
      traceId: Buffer.from(traceId, "hex"),
      spanId: Buffer.alloc(8, id),
      parentId: undefined,
      name: "work",
      kind: 2,
      startedAt,
      endedAt: startedAt + 5,
      failed: false,
      message: undefined,
      attributes: undefined,
      events: undefined,
      links: undefined,
    },
  };
}

function lineOf(service: string): Received {
  return {
    resource: { attributes: { "service.name": service } },
    log: {
      at: Date.now() * 1_000,
      severity: 9,
      body: `by ${service}`,
      attributes: { "kerf.batch": "1", sku: "A" },
      traceId: Buffer.from(traceId, "hex"),
      spanId: undefined,
    },
  };
}

test("the holder of a narrowed token sees what its services recorded, whatever the query says", async (t) => {
  const root = mkdtempSync(join(tmpdir(), "kerf-operations-"));
  const store = new TelemetryStore(root, { clock, log });
  const server = queryServer(store, () => clock.wall());
  const socket = join(root, "store.sock");
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  t.after(() => {
    server.close();
    store.close();
    rmSync(root, { recursive: true });
  });
  store.add([spanOf("orders", 1), spanOf("payments", 2), lineOf("orders"), lineOf("payments")]);
  const inFull = (run: (args: ServedArguments) => unknown): ServedOperation => ({ run });
  const operations = telemetryOperations(
    {
      telemetry: () => new StoreClient(socket, clock),
      manifest: () => ({ gateways: [], services: [] }) as never,
      unitOf: () => undefined,
    },
    inFull,
  );
  const ask = async (name: keyof typeof operations, input: object, services?: string[]) => {
    const claims = services === undefined ? {} : { token: "team", services };
    const context = { principal: { subject: "operator", claims } };
    return (await operations[name].run({ input, context } as never, passed, passed)) as any;
  };
  const who = (rows: { service: string }[]): string[] => rows.map(({ service }) => service).sort();

  const whole = await ask("trace", { traceId });
  assert.deepEqual(who(whole.spans), ["orders", "payments"]);
  assert.deepEqual(who(whole.logs), ["orders", "payments"]);
  assert.deepEqual(whole.logs[0].attributes, { sku: "A" });

  const own = await ask("trace", { traceId }, ["orders"]);
  assert.deepEqual([who(own.spans), who(own.logs)], [["orders"], ["orders"]]);
  const { logs } = await ask("logRecords", { query: "by OR service:payments" }, ["orders"]);
  assert.deepEqual(who(logs), ["orders"]);
  const { traces } = await ask("traces", { query: "service:payments" }, ["orders"]);
  assert.deepEqual(traces, []);
  for (const query of [") OR (service:payments", 'a" OR service:payments']) {
    await assert.rejects(
      ask("logRecords", { query }, ["orders"]),
      (error) => error instanceof KerfError && error.code === "invalid_input",
      query,
    );
  }
  await assert.rejects(ask("trace", { traceId }, ["search"]), /Nothing is known of the trace/);
});
