import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock, systemClock, TimerWheel } from "@kerf/kernel";
import { silentLogger } from "@kerf/telemetry";
import { connectFramed } from "../client.ts";
import { listenFramed } from "../server.ts";
import { TestEnvironment } from "@kerf/testing/certificates";
import { contextFor } from "../testing/peers.ts";

const wheel = new TimerWheel(systemClock);
/** Renewed half-way, which is less than the five minutes by which certificates are valid before they are made: TLS goes by the machine's clock. */
const lifeMs = 480_000;

/** A callee whose time is moved by hand, and a caller whose own time stands still. */
async function stage() {
  const home = await TestEnvironment.make();
  const clock = new ManualClock(systemClock.wall());
  const callee = await home.identity("orders", { clock, lifeMs });
  const held = Promise.withResolvers<string>();
  const server = await listenFramed("tcp:127.0.0.1:0", {
    clock,
    wheel,
    log: silentLogger,
    instance: "orders-1",
    identity: callee,
    // Hours pass here within a moment: that is no silence of the other side.
    limits: { silenceMs: 100 * lifeMs },
    dispatcher: {
      call: ({ operation }) => (operation === "hold" ? held.promise : Promise.resolve("at once")),
      stream: () => assert.fail("nobody opens a stream"),
    },
  });
  const caller = await home.identity("web", { lifeMs: 24 * 3_600_000 });
  const connect = () =>
    connectFramed(server.address, {
      clock: systemClock,
      wheel,
      log: silentLogger,
      hello: { instance: "web-1" },
      security: { identity: caller, unitAt: () => "orders" },
    });
  const request = (operation: string) => ({
    service: "orders",
    operation,
    input: 1,
    context: contextFor(wheel, { caller: "web" }),
  });
  return { clock, callee, server, connect, request, held };
}

test("a connection is left before its certificate expires, and what is in flight is answered", async (t) => {
  const { clock, callee, server, connect, request, held } = await stage();
  t.after(() => server.close());
  const first = connect();
  assert.equal(await first.call(request("quick")), "at once");
  const slow = first.call(request("hold"));
  // The callee says so with its certificate as old as that: 85 % of its life, renewed half-way.
  const left = new Promise((resolve) => first.onUnusable(resolve));
  const renewed = new Promise<void>((resolve) => callee.onChange(resolve));
  await clock.advance(0.5 * lifeMs + 1_000);
  await renewed;
  assert.ok(callee.remainingMs(callee.credentials.expiresAt) > 0.9 * lifeMs);
  assert.equal(first.usable, true);
  await clock.advance(0.36 * lifeMs);
  await left;
  const second = connect();
  assert.equal(await second.call(request("quick")), "at once");
  held.resolve("after all");
  assert.equal(await slow, "after all");
  assert.equal(server.counters.opened, 2);
  second.close();
});

test("what still runs when a certificate expires ends with it", async (t) => {
  const { clock, server, connect, request } = await stage();
  t.after(() => server.close());
  const transport = connect();
  const lost = transport.call(request("hold")).catch((thrown: unknown) => thrown);
  await transport.probe();
  await clock.advance(lifeMs + 1_000);
  assert.equal(((await lost) as { code: string }).code, "connection_lost");
  assert.deepEqual(server.counters.closed, { certificate_expired: 1 });
});
