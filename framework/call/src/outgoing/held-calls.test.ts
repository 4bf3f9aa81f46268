import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { KerfError, seededRandom, systemClock, TimerWheel } from "@kerf/kernel";
import { silentLogger } from "@kerf/telemetry";
import { Caller } from "../caller.ts";
import { SnapshotDiscovery } from "../discovery/snapshot.ts";
import { Inbound } from "../inbound.ts";
import type { PlacedInstance } from "../placement.ts";
import { rootContext } from "../root-context.ts";
import { signSnapshot } from "../snapshot/signature.ts";
import { SnapshotStore } from "../snapshot/store.ts";
import { keyPair, snapshotOf } from "../testing/keys.ts";
import { shelf, shelfService } from "../testing/shelf.ts";
import { connectFramed } from "../transports/framed/client.ts";
import { listenFramed } from "../transports/framed/server.ts";
import type { Wake } from "./held-calls.ts";

/** A caller with a placement of its own, and a shelf that sleeps until the test starts it at a socket. */
async function sleeping(t: TestContext, wake: Wake) {
  const folder = await mkdtemp(join(tmpdir(), "kerf-held-"));
  const clock = systemClock;
  const wheel = new TimerWheel(clock);
  const { privateKey, publicKey } = keyPair();
  const store = new SnapshotStore({ publicKey, log: silentLogger });
  let generation = 0;
  const place = (instances: readonly PlacedInstance[], asleep: boolean): void => {
    const units = { main: { instances, ...(asleep ? { asleep } : undefined) } };
    store.accept(signSnapshot(snapshotOf(1, ++generation, { units }), privateKey));
  };
  const around = { clock, wheel, log: silentLogger };
  const caller = new Caller({
    ...around,
    random: seededRandom(1),
    discovery: new SnapshotDiscovery(store),
    connect: (address) => connectFramed(address, { ...around, hello: { instance: "reader-1" } }),
    wake,
    checked: true,
  });
  const client = caller.bind(shelf, { caller: "reader" });
  const closing: (() => Promise<void>)[] = [];
  t.after(async () => {
    await caller.stop();
    for (const close of closing) await close();
    await rm(folder, { recursive: true });
  });
  place([], true);
  return {
    place,
    caller,
    /** The client of a call that has so much time, milliseconds. */
    client: (deadlineMs = 10_000) =>
      client(rootContext({ clock, wheel, caller: "reader", deadlineMs })),
    /** Starts a copy; answers it as it is placed, and what has it drain. */
    async start(id: string) {
      const inbound = new Inbound({
        ...around,
        services: [shelfService()],
        checked: true,
        mayCall: () => true,
        principals: { verify: () => ({ subject: "nobody", claims: {} }) },
      });
      const address = `unix:${join(folder, `${id}.sock`)}`;
      const server = await listenFramed(address, { ...around, dispatcher: inbound, instance: id });
      closing.push(() => server.close());
      const drain = (): Promise<unknown> => Promise.all([server.drain(), inbound.drain()]);
      return { placed: { id, address, state: "ready" } as const, drain };
    },
  };
}

const book = { id: "a", title: "The a" };

test("calls and streams of a service that sleeps wait until it is there; the platform is told once", async (t) => {
  const told: string[] = [];
  const all = await sleeping(t, async (service) => {
    told.push(service);
    all.place([(await all.start("main-1")).placed], false);
  });
  const answers = await Promise.all([
    all.client().get({ id: "a" }),
    all.client().get({ id: "a" }),
    Array.fromAsync(all.client().count({ to: 2 })),
  ]);
  assert.deepEqual(answers, [book, book, [{ n: 1 }, { n: 2 }]]);
  assert.deepEqual(told, ["shelf"]);
});

test("a call that meets the last copy while it drains waits for the next one", async (t) => {
  const all = await sleeping(t, async () => {
    all.place([(await all.start("main-2")).placed], false);
  });
  const last = await all.start("main-1");
  all.place([last.placed], false);
  assert.deepEqual(await all.client().get({ id: "a" }), book);
  await last.drain();
  // The placement that says so comes a moment after the copy has begun to refuse.
  const asked = all.client().get({ id: "a" });
  all.place([{ ...last.placed, state: "draining" }], true);
  assert.deepEqual(await asked, book);
});

test("a platform that is away is told again; what cannot be started is unavailable, and says why", async (t) => {
  let asked = 0;
  const all = await sleeping(t, async () => {
    asked++;
    if (asked === 1) throw new KerfError("unavailable", "Nobody listens.");
    throw new KerfError("start_failed", "The code of shelf cannot be loaded.");
  });
  await assert.rejects(
    async () => all.client().get({ id: "a" }),
    ({ code, message, retry, why }: KerfError) => {
      assert.deepEqual([code, retry], ["unavailable", "not-executed"]);
      assert.match(message, /shelf sleeps/);
      assert.match(why ?? "", /cannot be loaded/);
      return true;
    },
  );
  assert.equal(asked, 2);
});

test("a call waits no longer than it has time, and no more of them than there is a bound for", async (t) => {
  const all = await sleeping(t, () => new Promise(() => {}));
  // A copy that nobody is told of.
  await all.start("main-1");
  await assert.rejects(async () => all.client(50).get({ id: "a" }), { code: "deadline_exceeded" });
  const waiting = Array.from({ length: 1_000 }, async () => all.client().get({ id: "a" }));
  await assert.rejects(
    async () => all.client().get({ id: "a" }),
    ({ code, message }: KerfError) => code === "unavailable" && /1000 calls wait/.test(message),
  );
  await all.caller.stop();
  const ends = await Promise.allSettled(waiting);
  assert.ok(ends.every(({ status }) => status === "rejected"));
});
