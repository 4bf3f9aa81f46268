import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer as createPlain } from "node:net";
import { describe, test, type TestContext } from "node:test";
import { createServer, type TlsOptions } from "node:tls";
import { type KerfError, systemClock, TimerWheel } from "@kerf/kernel";
import { silentLogger } from "@kerf/telemetry";
import { connectFramed } from "../client.ts";
import { TestEnvironment } from "@kerf/testing/certificates";
import { contextFor } from "../testing/peers.ts";

const wheel = new TimerWheel(systemClock);
const home = await TestEnvironment.make();
const stranger = await TestEnvironment.make();
const identity = await home.identity("web");
const yesterday = { madeAt: systemClock.wall() - 86_400_000, lifeMs: 3_600_000 };

/** A TLS server that shows whatever it likes; answers where it listens, and what it was sent. */
async function listen(t: TestContext, options: TlsOptions) {
  const got: Buffer[] = [];
  const server = createServer({ ALPNProtocols: ["kerf/1"], ...options }, (socket) => {
    socket.on("data", (bytes: Buffer) => got.push(bytes));
    socket.on("error", () => {});
    t.after(() => socket.destroy());
  });
  server.on("tlsClientError", () => {});
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  return { address: `tcp:127.0.0.1:${(server.address() as AddressInfo).port}`, got };
}

/** Calls whoever listens at `address` as the unit `web`, which the placement has `unit` at. */
async function failureOf(address: string, unit: string | undefined, connectMs?: number) {
  const transport = connectFramed(address, {
    clock: systemClock,
    wheel,
    log: silentLogger,
    hello: { instance: "web-1" },
    ...(connectMs === undefined ? undefined : { limits: { connectMs } }),
    security: { identity, unitAt: () => unit },
  });
  const context = contextFor(wheel, { caller: "web" });
  try {
    await transport.call({ service: "orders", operation: "list", input: "a secret", context });
  } catch (thrown) {
    return thrown as KerfError;
  } finally {
    transport.close();
  }
  return assert.fail("it was answered");
}

const strange: readonly [what: string, why: RegExp, shows: () => Promise<TlsOptions>][] = [
  ["another unit", /certificate says payments/, () => home.shown("spiffe://test/payments")],
  ["another authority", /not accepted/, () => stranger.shown("spiffe://test/orders")],
  [
    "an expired certificate",
    /CERT_HAS_EXPIRED/,
    () => home.shown("spiffe://test/orders", yesterday),
  ],
  ["another environment", /another environment/, () => home.shown("spiffe://live/orders")],
  [
    "another application protocol",
    /does not speak kerf\/1|ALERT_NO_APPLICATION_PROTOCOL/i,
    async () => ({ ...(await home.shown("spiffe://test/orders")), ALPNProtocols: ["h2"] }),
  ],
  [
    "an old version of TLS",
    /ALERT_PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL/i,
    async () => ({ ...(await home.shown("spiffe://test/orders")), maxVersion: "TLSv1.2" as const }),
  ],
];

describe("a caller sends nothing to whoever does not prove to be the unit that is placed there", () => {
  for (const [what, why, shows] of strange) {
    test(what, async (t) => {
      const { address, got } = await listen(t, await shows());
      const failure = await failureOf(address, "orders");
      assert.equal(failure.code, "unavailable");
      assert.equal(failure.retry, "not-executed");
      assert.match(failure.message, why);
      assert.deepEqual(got, []);
    });
  }

  test("nobody is placed there", async (t) => {
    const { address, got } = await listen(t, await home.shown("spiffe://test/orders"));
    assert.match((await failureOf(address, undefined)).message, /The placement has no unit there/);
    assert.deepEqual(got, []);
  });

  test("a server without TLS, and one that never answers, fail in bounded time", async (t) => {
    const greets = createPlain((socket) => void socket.on("error", () => {}).end("KERF"));
    const silent = createPlain((socket) => t.after(() => socket.destroy()));
    for (const server of [greets, silent]) {
      server.listen(0, "127.0.0.1");
      await once(server, "listening");
      t.after(() => server.close());
      const { port } = server.address() as AddressInfo;
      const failure = await failureOf(`tcp:127.0.0.1:${port}`, "orders", 100);
      assert.equal(failure.code, "unavailable");
      assert.equal(failure.retry, "not-executed");
    }
  });
});
