import assert from "node:assert/strict";
import { test } from "node:test";
import { app } from "@kerf/service";
import home from "./fixtures/app.ts";
import { grid, house } from "./fixtures/contracts.ts";
import { fake, ManualClock, startApp } from "./index.ts";

const cheap = () => fake(grid, { price: { cents: 5 }, book: { booked: true } });
const lamp = { room: "kitchen", watts: 60 };

test("an app answers through its gateway, with tokens of its own issuer", async () => {
  await using running = await startApp(home, { fakes: [cheap()] });
  const { token } = await running.http(house).signIn({ name: "ada" });
  const answer = await fetch(`${running.url}/lamps`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify(lamp),
  });
  assert.equal(answer.status, 201);
  assert.deepEqual(await running.http(house).lamps({}), { rooms: ["kitchen"] });
  await assert.rejects(running.http(house).light(lamp), { code: "unauthenticated" });
  const rows = await running.database("house").db.selectFrom("lamps").selectAll().execute();
  assert.equal((rows as { bought_by: string }[])[0]?.bought_by, "ada");
  const health = (await (await fetch(`${running.url}/health`)).json()) as { status: string };
  assert.equal(health.status, "ok");
});

test("time is moved by hand for the gateway and the workers too", async () => {
  const clock = new ManualClock();
  const power = cheap();
  let booked = Promise.withResolvers<number>();
  power.answer("book", ({ input }) => {
    booked.resolve(input.at);
    return { booked: true };
  });
  await using running = await startApp(home, { fakes: [power], clock });
  assert.equal(await booked.promise, 0);
  const { token } = await running.http(house).signIn({ name: "ada" });
  await running.http(house, { token }).light(lamp);
  booked = Promise.withResolvers();
  await clock.advance(60_000);
  assert.equal(await booked.promise, 60_000);
  await clock.advance(3_600_000);
  await assert.rejects(running.http(house, { token }).light(lamp), {
    code: "unauthenticated",
    message: /expired/,
  });
});

test("services are called from inside too, past the gateway", async () => {
  await using running = await startApp(home, { fakes: [cheap()], workers: false });
  await running.client(house, "ada").light(lamp);
  assert.deepEqual(await running.client(house).lamps({}), { rooms: ["kitchen"] });
  assert.equal(await running.runWorker("house", "book-power"), false);
  assert.deepEqual(await running.client(grid).price({ watts: 1 }), { cents: 5 });
});

test("a service can be stood in for, at the gateway as well", async () => {
  const stand = fake(house, { lamps: { rooms: ["nowhere"] } });
  await using running = await startApp(home, { fakes: [stand] });
  assert.deepEqual(await running.http(house).lamps({}), { rooms: ["nowhere"] });
  assert.equal(stand.calls.lamps[0]?.caller, "gateway:web");
  assert.throws(() => running.database("house"), { code: "invalid_app" });
});

test("an app without a gateway has no address", async () => {
  const bare = app("bare", { services: { house: () => import("./fixtures/house.ts") } });
  await using running = await startApp(bare, { workers: false });
  assert.deepEqual(running.urls, {});
  assert.throws(() => running.url, { code: "invalid_app" });
  assert.deepEqual(await running.client(house).lamps({}), { rooms: [] });
});
