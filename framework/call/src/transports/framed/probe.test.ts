import assert from "node:assert/strict";
import { createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { ManualClock, TimerWheel } from "@kerf/kernel";
import { silentLogger } from "@kerf/telemetry";
import { connectFramed } from "./client.ts";
import { defaultLimits } from "./limits.ts";
import { startEcho, temporaryDirectory } from "./testing/peers.ts";

test("a probe finds an instance well, with the connection that it makes and again over the same one", async (t) => {
  const { server, transport, context } = await startEcho(t);
  await transport.probe();
  await Promise.all([transport.probe(), transport.probe()]);
  const own = context();
  assert.equal(
    await transport.call({ service: "echo", operation: "say", input: 7, context: own }),
    7,
  );
  own.release();
  await transport.probe();
  assert.equal(server.counters.opened, 1);
  assert.equal(transport.inFlight, 0);
});

test("where nobody listens a probe fails, and so does one of an instance that drains", async (t) => {
  const directory = await temporaryDirectory(t);
  const clock = new ManualClock();
  const options = {
    clock,
    wheel: new TimerWheel(clock),
    log: silentLogger,
    hello: { instance: "caller-1" },
  };
  const nobody = connectFramed(`unix:${join(directory, "nobody")}`, options);
  await assert.rejects(nobody.probe(), { code: "unavailable" });
  await assert.rejects(nobody.probe(), { code: "unavailable" });

  const { server, transport } = await startEcho(t);
  await transport.probe();
  await server.drain();
  await assert.rejects(async () => {
    for (;;) await transport.probe();
  });
});

test("a process that stands still gives no sign, and the probe ends", async (t) => {
  const path = join(await temporaryDirectory(t), "still");
  // The system takes the connection; nobody ever reads it.
  const server = createServer({ pauseOnConnect: true }).listen(path);
  t.after(() => server.close());
  await new Promise((resolve) => server.once("listening", resolve));
  const clock = new ManualClock();
  const transport = connectFramed(`unix:${path}`, {
    clock,
    wheel: new TimerWheel(clock),
    log: silentLogger,
    hello: { instance: "caller-1" },
  });
  t.after(() => transport.close());
  const accepted = new Promise((resolve) => server.once("connection", resolve));
  const failed = assert.rejects(transport.probe(), { code: "unavailable" });
  await accepted;
  await clock.advance(defaultLimits.connectMs + defaultLimits.handshakeMs + defaultLimits.pongMs);
  await failed;
});
