import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { Workplace } from "../testing/platform-process.ts";
import { answers, pidOf } from "../testing/requests.ts";

test("a platform that is killed ends nothing; the next one takes over what runs, and starts what does not", async (t) => {
  const place = new Workplace(t, "pair");
  const first = place.start("--no-watch");
  const before = await first.ready();
  const gateway = before.gateways[0]?.url as string;
  first.child.kill("SIGKILL");
  assert.equal(await first.exited, "SIGKILL");
  assert.equal((await fetch(`${gateway}/greetings/a`)).status, 200);
  process.kill(pidOf(before, "greeter"), "SIGKILL");

  const second = place.start("--no-watch");
  const after = await second.ready();
  assert.equal(pidOf(after, "counter"), pidOf(before, "counter"));
  assert.notEqual(pidOf(after, "greeter"), pidOf(before, "greeter"));
  assert.equal(after.gateways[0]?.pid, before.gateways[0]?.pid);
  assert.equal(after.gateways[0]?.url, gateway);
  assert.equal(after.databases[0]?.pid, before.databases[0]?.pid);
  assert.equal(after.platform.epoch, before.platform.epoch + 1);
  assert.equal((await fetch(`${gateway}/greetings/a`)).status, 200);

  const back = second.next(
    "instance",
    ({ unit, state }) => unit === "counter" && state === "ready",
  );
  process.kill(pidOf(after, "counter"), "SIGKILL");
  await back;

  // What was changed meanwhile is read anew, though all else is taken over.
  second.child.kill("SIGKILL");
  await second.exited;
  const source = readFileSync(place.path("app.ts"), "utf8");
  writeFileSync(
    place.path("app.ts"),
    source.replace(" web: ", " mobile: gateway({ expose: [greeter] }), web: "),
  );
  const third = place.start("--no-watch");
  const { gateways } = await third.ready();
  assert.deepEqual(gateways.map(({ name }) => name).toSorted(), ["mobile", "web"]);
  await third.end();
  assert.deepEqual(place.left(), []);
});

test("all services run in one program when nothing is cut, and answer alike", async (t) => {
  const place = new Workplace(t, "pair");
  const platform = place.start("--cut", "none", "--no-watch");
  const status = await platform.ready();
  assert.deepEqual(
    status.units.map(({ name, services }) => [name, services]),
    [["main", ["counter", "greeter"]]],
  );
  await answers(`${status.gateways[0]?.url}/greetings/x`);

  // The next platform is told to cut: what runs goes on until what takes its place is there.
  platform.child.kill("SIGKILL");
  await platform.exited;
  const next = place.start("--cut", "all", "--no-watch");
  const cut = await next.ready();
  assert.deepEqual(
    cut.units.map(({ name }) => name),
    ["counter", "greeter"],
  );
  await answers(`${cut.gateways[0]?.url}/greetings/x`);
  assert.equal(
    place.left().some(({ pid }) => pid === pidOf(status, "main")),
    false,
  );
});
