import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { safe } from "@kerf/contract";
import type { Status } from "@kerf/control-api";
import { type PlatformProcess, Workplace } from "../testing/platform-process.ts";
import { keepAsking, pauseMs, pidOf } from "../testing/requests.ts";

const json = { "content-type": "application/json" };
const asked = (change: string) => ({ change });

/** The services of each unit, and how many copies of it serve. */
async function placementOf({ client }: PlatformProcess): Promise<Record<string, unknown>> {
  const { units } = await client.status({});
  return Object.fromEntries(
    units.map(({ name, services, instances }) => [
      name,
      [services.join("+"), instances.filter(({ state }) => state === "ready").length],
    ]),
  );
}

/** Waits until the platform has heard of more calls than move at once. */
async function isBusy({ client }: PlatformProcess): Promise<void> {
  for (let look = 0; ; look++) {
    const { units } = await client.status({});
    const rates = units.flatMap(({ instances }) =>
      instances.map(({ load }) => load?.callsPerSecond),
    );
    if (rates.some((rate = 0) => rate > 40)) return;
    assert.ok(look < 200, `${rates.join()} calls a second`);
    await delay(100);
  }
}

function gatewayOf(status: Status): string {
  return status.gateways[0]?.url as string;
}

/** Resident memory of a Node program that has loaded anything at all, bytes. */
const leastProgramBytes = 30_000_000;

/** Adds one, again and again, until `stop`, which tells how many were answered well and what the counter is then. */
function keepAdding(gateway: string): { stop(): Promise<{ added: number; value: number }> } {
  let added = 0;
  let failed = 0;
  let adding = true;
  const done = (async () => {
    for (; adding; await delay(pauseMs)) {
      const answer = await fetch(`${gateway}/counters/load`, {
        method: "POST",
        headers: json,
        body: JSON.stringify({ by: 1 }),
      });
      await answer.arrayBuffer();
      if (answer.status === 200) added++;
      else failed++;
    }
  })();
  return {
    async stop() {
      adding = false;
      await done;
      assert.equal(failed, 0);
      const answer = await fetch(`${gateway}/counters/load`);
      return { added, value: ((await answer.json()) as { value: number }).value };
    },
  };
}

test("a service is cut out and joined again under load: no request fails, no command is lost", async (t) => {
  const place = new Workplace(t, "pair");
  const platform = place.start("--no-watch", "--cut", "none");
  const status = await platform.ready();
  const gateway = gatewayOf(status);
  const { client } = platform;
  assert.deepEqual(await placementOf(platform), { main: ["counter+greeter", 1] });
  const adding = keepAdding(gateway);
  const greeting = keepAsking(`${gateway}/greetings/load`);
  const crowd = Array.from({ length: 4 }, () => keepAsking(`${gateway}/greetings/load`));
  await isBusy(platform);

  const cut = await client.cut({ ...asked("cut-1"), service: "counter" });
  assert.deepEqual(await placementOf(platform), { main: ["greeter", 1], counter: ["counter", 1] });
  assert.deepEqual(cut.nowOverNetwork, ["greeter → counter"]);
  assert.deepEqual(cut.processes, { before: 2, after: 3 });
  // How much a new copy takes less than an old one is chance; that it is counted is not.
  for (const [bytes, programs] of [
    [cut.memoryBytes.before, 2],
    [cut.memoryBytes.after, 3],
  ] as const)
    assert.ok(bytes > programs * leastProgramBytes, `${programs} programs: ${bytes}`);
  const steps = platform.events.flatMap((event) =>
    event.type === "rollout" && event.state === "done" ? [event.step] : [],
  );
  assert.deepEqual(steps, ["start", "warm", "shift", "drain"]);

  const joined = await client.join({ ...asked("join-1"), service: "counter", into: "main" });
  assert.deepEqual(await placementOf(platform), { main: ["greeter+counter", 1] });
  assert.deepEqual(joined.nowInProcess, ["greeter → counter"]);
  assert.deepEqual(joined.processes, { before: 3, after: 2 });

  await client.scale({ ...asked("scale-1"), unit: "main", copies: 3 });
  assert.deepEqual(await placementOf(platform), { main: ["greeter+counter", 3] });
  await client.scale({ ...asked("scale-2"), unit: "main", copies: 1 });
  assert.deepEqual(await placementOf(platform), { main: ["greeter+counter", 1] });

  for (const each of [greeting, ...crowd]) assert.equal(await each.stop(), 0);
  const { added, value } = await adding.stop();
  assert.ok(added > 0);
  assert.equal(value, added);
  assert.equal(existsSync(join(place.home, "state", "change.json")), false);
});

test("what cannot be is refused before anything is started, and says why", async (t) => {
  const place = new Workplace(t, "pair");
  const platform = place.start("--no-watch", "--cut", "none");
  await platform.ready();
  const { client } = platform;
  const codes = async (...work: Promise<unknown>[]) =>
    Promise.all(
      work.map(async (one) => {
        const { error } = await safe(one as ReturnType<typeof client.cut>);
        return error === undefined ? "done" : (error.data as { code: string }).code;
      }),
    );
  assert.deepEqual(
    await codes(
      client.cut({ ...asked("none-1"), service: "nobody" }),
      client.cut({ ...asked("none-2"), service: "counter", from: "other" }),
      client.join({ ...asked("none-3"), service: "counter", into: "main" }),
      client.join({ ...asked("none-4"), service: "counter", into: "nowhere" }),
      client.scale({ ...asked("none-5"), unit: "main", copies: 0 }),
    ),
    ["not_found", "invalid_input", "invalid_input", "not_found", "invalid_input"],
  );
  const both = await codes(
    client.cut({ ...asked("both-1"), service: "counter" }),
    client.cut({ ...asked("both-2"), service: "greeter" }),
  );
  assert.deepEqual(both.toSorted(), ["change_under_way", "done"]);
  assert.deepEqual(await codes(client.cut({ ...asked("none-6"), service: "greeter" })), [
    "invalid_input",
  ]);
});

test("a platform that is killed before a change is committed leaves nothing of it; after it, it is finished", async (t) => {
  const place = new Workplace(t, "pair");
  const first = place.start("--no-watch", "--cut", "none");
  const status = await first.ready();
  const gateway = gatewayOf(status);
  const main = pidOf(status, "main");
  const greeting = keepAsking(`${gateway}/greetings/load`);

  const started = first.event(
    "instance",
    ({ unit, state }) => unit === "counter" && state === "starting",
  );
  first.client.cut({ ...asked("kill-1"), service: "counter" }).catch(() => {});
  await started;
  first.child.kill("SIGKILL");
  await first.exited;

  const second = place.start("--no-watch", "--cut", "none");
  await second.ready();
  assert.deepEqual(await placementOf(second), { main: ["counter+greeter", 1] });
  assert.equal(pidOf(await second.client.status({}), "main"), main);

  const shifted = second.event(
    "rollout",
    ({ step, state }) => step === "shift" && state === "started",
  );
  second.client.cut({ ...asked("kill-2"), service: "counter" }).catch(() => {});
  await shifted;
  second.child.kill("SIGKILL");
  await second.exited;
  const written = JSON.parse(readFileSync(join(place.home, "state", "placement.json"), "utf8"));
  assert.equal(written.change, "kill-2");

  const third = place.start("--no-watch", "--cut", "none");
  await third.ready();
  assert.deepEqual(await placementOf(third), { main: ["greeter", 1], counter: ["counter", 1] });
  assert.equal(await greeting.stop(), 0);
  assert.equal(existsSync(join(place.home, "state", "change.json")), false);
});
