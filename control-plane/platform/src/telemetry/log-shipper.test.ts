import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import type { Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { systemClock as clock } from "@kerf/kernel";
import { silentLogger as log } from "@kerf/telemetry";
import { rotate } from "../supervisor/log-rotation.ts";
import { Ingest } from "../telemetry-store/ingest.ts";
import { otlpServer } from "../telemetry-store/otlp/http.ts";
import { Receiver } from "../telemetry-store/otlp/receiver.ts";
import { queryServer } from "../telemetry-store/query/http.ts";
import { TelemetryStore } from "../telemetry-store/store.ts";
import { LogShipper } from "./log-shipper.ts";
import { StoreClient } from "./store-client.ts";

test("every line arrives once: over files that are set aside, a reader that is killed and a store that does not answer", async (t) => {
  const root = mkdtempSync(join(tmpdir(), "kerf-shipper-"));
  const store = new TelemetryStore(join(root, "store"), { clock, log });
  const queries = queryServer(store, () => clock.wall());
  const otlp = otlpServer(new Receiver(new Ingest(store, { clock, log })));
  const socket = join(root, "store.sock");
  await listen(queries, socket);
  const otlpSocket = join(root, "otlp.sock");
  await listen(otlp, otlpSocket);
  t.after(() => {
    for (const server of [queries, otlp]) server.close();
    store.close();
    rmSync(root, { recursive: true });
  });
  const file = join(root, "orders-1.log");
  const shipper = (to: string): LogShipper =>
    new LogShipper({
      clock,
      log,
      file: join(root, "shipped.json"),
      client: new StoreClient(socket, clock),
      socket: () => to,
      sources: () => [{ source: "orders", file }],
    });
  let written = 0;
  const write = (lines: number): void => {
    for (let line = 0; line < lines; line++)
      appendFileSync(
        file,
        `${JSON.stringify({ time: new Date().toISOString(), level: "info", message: `line ${++written}` })}\n`,
      );
  };
  const arrived = (): string[] =>
    store
      .logs({ query: "service:orders", from: 0, to: Date.now() + 1_000, limit: 10_000 })
      .map(({ body }) => body)
      .toReversed();
  const expected = (): string[] => Array.from({ length: written }, (_, n) => `line ${n + 1}`);

  const first = shipper(otlpSocket);
  write(50);
  await first.ship();
  assert.deepEqual(arrived(), expected());

  // What is unread is in the file that was set aside, and in the one after it.
  write(20);
  await rotate(file, 1);
  write(20);
  await rotate(file, 1);
  write(20);
  await first.ship();
  assert.deepEqual(arrived(), expected());

  // Whoever comes after one that ended before it knew that its lines had arrived asks the store.
  write(20);
  await shipper(otlpSocket).ship();
  await shipper(otlpSocket).ship();
  assert.deepEqual(arrived(), expected());

  // A batch that did not arrive is sent again, with what came since. A line that is being written waits for its end.
  write(20);
  await shipper(join(root, "nobody.sock")).ship();
  write(5);
  appendFileSync(file, '{"message":"half a');
  const last = shipper(otlpSocket);
  await last.ship();
  assert.deepEqual(arrived(), expected());
  appendFileSync(file, ' line"}\n');
  await last.ship();
  assert.deepEqual(arrived(), [...expected(), "half a line"]);
});

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject).listen({ path }, resolve);
  });
}
