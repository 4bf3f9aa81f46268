import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { ManualClock } from "@kerf/kernel";
import { silentLogger } from "@kerf/telemetry";
import { DnsDiscovery, type DnsName } from "./dns.ts";
import type { DnsResolver } from "./dns-resolver.ts";

/** A discovery whose resolver answers at once and counts. */
function discover(t: TestContext, name: DnsName, resolver: Partial<DnsResolver>) {
  const clock = new ManualClock();
  const asked: string[] = [];
  const missing = (): never => {
    throw new Error("ENOTFOUND");
  };
  const { addresses = missing, services = missing } = resolver;
  const discovery = new DnsDiscovery({
    services: { shelf: name },
    resolver: {
      addresses: async (host) => {
        asked.push(host);
        return addresses(host);
      },
      services: async (srv) => services(srv),
    },
    clock,
    log: silentLogger,
  });
  t.after(() => discovery.stop());
  return { clock, discovery, asked };
}

const host = { host: "shelf.test", port: 80 };

for (const [ttl, everyMs] of [
  [20, 20_000],
  [0, 5_000],
  [86_400, 60_000],
] as const) {
  test(`an answer with a TTL of ${ttl} s is asked for again after ${everyMs} ms`, async (t) => {
    const { clock, discovery, asked } = discover(t, host, {
      addresses: async () => [{ address: "127.0.0.1", ttl }],
    });
    await discovery.refresh();
    assert.equal(discovery.instancesOf("shelf").length, 1);
    await clock.advance(everyMs - 1);
    assert.equal(asked.length, 1);
    await clock.advance(1);
    assert.equal(asked.length, 2);
  });
}

test("what nobody calls is asked for more and more rarely, and at once when somebody does", async (t) => {
  const { clock, discovery, asked } = discover(t, host, {
    addresses: async () => [{ address: "127.0.0.1", ttl: 10 }],
  });
  await discovery.refresh();
  await clock.advance(3_600_000);
  assert.ok(asked.length < 15, `${asked.length} times in an hour`);
  await clock.advance(60_000);
  const before = asked.length;
  discovery.instancesOf("shelf");
  await clock.advance(0);
  assert.equal(asked.length, before + 1);
});

test("a failure is tried again soon, then less and less often", async (t) => {
  const { clock, discovery, asked } = discover(t, host, {});
  await discovery.refresh();
  await clock.advance(1_000);
  assert.equal(asked.length, 2);
  await clock.advance(60_000);
  assert.equal(asked.length, 6);
  discovery.stop();
  await clock.advance(600_000);
  assert.equal(asked.length, 6);
});

test("of the records of a service the lowest priority counts, by its weights", async (t) => {
  const { discovery } = discover(
    t,
    { srv: "_kerf._tcp.shelf.test" },
    {
      services: async () => [
        { name: "a", port: 1, priority: 10, weight: 3 },
        { name: "b", port: 2, priority: 10, weight: 1 },
        { name: "c", port: 3, priority: 10, weight: 0 },
        { name: "spare", port: 4, priority: 20, weight: 5 },
      ],
      addresses: async (name) => [{ address: `10.0.0.${name.charCodeAt(0)}`, ttl: 30 }],
    },
  );
  await discovery.refresh();
  assert.deepEqual(
    discovery.instancesOf("shelf").map(({ address, weight }) => [address, weight]),
    [
      ["tcp:10.0.0.97:1", 1],
      ["tcp:10.0.0.98:2", 1 / 3],
      ["tcp:10.0.0.99:3", 0.01],
    ],
  );
});
