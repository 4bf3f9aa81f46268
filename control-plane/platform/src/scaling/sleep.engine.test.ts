import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { safe } from "@kerf/contract";
import { type PlatformProcess, Workplace } from "../testing/platform-process.ts";
import { keepAsking, pidOf } from "../testing/requests.ts";

/** Resolves when the last copy of `counter` has ended. */
async function asleep(platform: PlatformProcess): Promise<void> {
  const isCounter = ({ unit }: { unit: string }): boolean => unit === "counter";
  for (;;) {
    const stopped = platform.next(
      "instance",
      (event) => isCounter(event) && event.state === "stopped",
    );
    // Nobody waits for it when there was nothing to wait for.
    stopped.catch(() => {});
    const { units } = await platform.client.status({});
    const counter = units.find(({ name }) => name === "counter");
    if (counter?.scaling?.asleep === true && counter.instances.length === 0) return;
    await stopped;
  }
}

/** What the platform has scaled by itself, from the moment at which that is so many. */
async function scalings(platform: PlatformProcess, count: number) {
  for (;;) {
    const { entries } = await platform.client.audit({});
    const scaled = entries.filter(({ by }) => by === "platform");
    if (scaled.length >= count) return scaled;
    await sleep(50);
  }
}

test("a unit sleeps while nobody calls it, and no call is lost", async (t) => {
  const place = new Workplace(t, "pair");
  const first = place.start("--no-watch");
  const status = await first.ready();
  const gateway = status.gateways[0]?.url ?? "";
  const greeter = pidOf(status, "greeter");
  const read = async (): Promise<number> => {
    const answer = await fetch(`${gateway}/counters/a`);
    const body = (await answer.json()) as { value: number };
    assert.equal(answer.status, 200, JSON.stringify(body));
    return body.value;
  };
  await first.client.invoke({ service: "counter", operation: "add", input: { name: "a", by: 4 } });

  await t.test(
    "the first call is held until a copy is there, from outside and from another unit",
    async () => {
      const auto = { min: 0, max: 2, target: { inFlight: 50 }, idleMs: 1_000 };
      const change = "auto-1";
      const { title } = await first.client.scale({ change, unit: "counter", auto });
      assert.equal(title, "counter by its load, from 0 to 2");
      await asleep(first);
      const health = (await (await fetch(`${gateway}/health`)).json()) as { services: object };
      assert.deepEqual(health.services, { counter: "up", greeter: "up" });
      assert.deepEqual(await Promise.all([read(), read(), read()]), [4, 4, 4]);
      await asleep(first);
      const greeting = (await (await fetch(`${gateway}/greetings/a`)).json()) as { text: string };
      assert.match(greeting.text, / a 4$/);
      // The call is answered once a copy is there; that it was woken goes on record when everybody knows of it.
      const scaled = await scalings(first, 4);
      assert.deepEqual(
        scaled.map(({ after, why }) => [(after as { copies: number }).copies, why]),
        [
          [0, "nothing to do for 1 s"],
          [1, "it is called"],
          [0, "nothing to do for 1 s"],
          [1, "it is called"],
        ],
      );
    },
  );

  await t.test("calls that come while it falls asleep are answered as well", async () => {
    await read();
    await first.next("instance", ({ unit, state }) => unit === "counter" && state === "draining");
    assert.deepEqual(await Promise.all([read(), read(), read()]), [4, 4, 4]);
  });

  await t.test("a restart, and a change that is made while it sleeps, lose nothing", async () => {
    const asking = keepAsking(`${gateway}/greetings/a`);
    const before = pidOf(await first.client.status({}), "greeter");
    await first.client.restart({ change: "restart-1", unit: "greeter" });
    assert.notEqual(pidOf(await first.client.status({}), "greeter"), before);
    assert.equal(await asking.stop(), 0);
    await asleep(first);
    await first.client.restart({ change: "restart-2", unit: "counter" });
    assert.equal(await read(), 4);
    assert.notEqual(before, 0);
    assert.equal(before, greeter);
  });

  await t.test("who is killed while it sleeps finds it asleep, and wakes it", async () => {
    await asleep(first);
    first.child.kill("SIGKILL");
    await first.exited;
    // Held until there is a platform again.
    const held = read();
    const second = place.start("--no-watch");
    await second.ready();
    assert.equal(await held, 4);

    // What cannot be woken is refused, and what was said before is not.
    const auto = { min: 2, max: 1, target: {} };
    const refused = await safe(second.client.scale({ change: "auto-2", unit: "counter", auto }));
    assert.equal(refused.ok, false);
    assert.equal((refused.error.data as { code: string }).code, "invalid_input");
    await second.client.scale({ change: "auto-3", unit: "counter", auto: "off" });
    const { units } = await second.client.status({});
    assert.equal(units.find(({ name }) => name === "counter")?.scaling, undefined);
    assert.equal(await read(), 4);
  });
});
