import assert from "node:assert/strict";
import { test } from "node:test";
import { safe } from "@kerf/contract";
import { KerfError } from "@kerf/kernel";
import { grid } from "./fixtures/contracts.ts";
import { houseService } from "./fixtures/house.ts";
import { checkTableTypes, fake, ManualClock, principal, startService } from "./index.ts";

const cheap = () => fake(grid, { price: { cents: 5 }, book: { booked: true } });
const lamp = { room: "kitchen", watts: 60 };

test("a service runs its handlers on a database of its own, which the test can prepare and look at", async () => {
  await using house = await startService(houseService, { uses: { grid: cheap() } });
  await house.db.insertInto("lamps").values({ room: "hall", watts: 40 }).execute();
  const { id } = await house.as("ada").light(lamp);
  assert.deepEqual(await house.client.lamps({}), { rooms: ["hall", "kitchen"] });
  const { rows } = await house.raw.query("select room, bought_by from lamps where id = $1", [id]);
  assert.deepEqual(rows, [{ room: "kitchen", bought_by: "ada" }]);
});

test("what one test writes, no other sees", async () => {
  await using first = await startService(houseService, { uses: { grid: cheap() } });
  await using second = await startService(houseService, { uses: { grid: cheap() } });
  await first.as("ada").light(lamp);
  assert.deepEqual(await second.client.lamps({}), { rooms: [] });
});

test("the test's own statements may be a transaction", async () => {
  await using house = await startService(houseService);
  const failed = house.db.transaction().execute(async (transaction) => {
    await transaction.insertInto("lamps").values({ room: "hall", watts: 40 }).execute();
    throw new Error("no");
  });
  await assert.rejects(failed, /no/);
  assert.deepEqual(await house.client.lamps({}), { rooms: [] });
});

test("calls are for whom the test says, as a gateway would have signed it", async () => {
  await using house = await startService(houseService, {
    uses: { grid: cheap() },
    principal: principal("grace", { role: "owner" }),
  });
  const { id } = await house.client.light(lamp);
  const row = await house.db.selectFrom("lamps").select("bought_by").where("id", "=", id).execute();
  assert.deepEqual(row, [{ bought_by: "grace" }]);
  await using nobodys = await startService(houseService);
  await assert.rejects(nobodys.client.light(lamp), { code: "unauthenticated" });
});

test("input that the contract refuses is refused, with the field named", async () => {
  await using house = await startService(houseService, { principal: "ada" });
  await assert.rejects(house.client.light({ room: "hall", watts: "many" } as never), {
    code: "invalid_input",
    message: /watts/,
  });
});

test("a failure shows the test what callers are not told, and leaves nothing behind", async () => {
  await using house = await startService(houseService);
  await assert.rejects(house.client.burn({}), (error: KerfError) => {
    assert.equal(error.code, "internal");
    assert.doesNotMatch(error.message, /fuse/);
    assert.match((error.cause as Error).stack ?? "", /the fuse blew[\s\S]*house\.ts/);
    return true;
  });
  assert.deepEqual(await house.client.lamps({}), { rooms: [] });
});

test("what the service logs is kept", async () => {
  await using house = await startService(houseService, { uses: { grid: cheap() } });
  await house.as("ada").light(lamp);
  const line = house.log.find((entry) => entry["message"] === "a lamp is bought");
  assert.equal(line?.["service"], "house");
  assert.equal(line?.["room"], "kitchen");
});

test("workers run when the test says so", async () => {
  const power = cheap();
  const clock = new ManualClock();
  await using house = await startService(houseService, { uses: { grid: power }, clock });
  await clock.advance(120_000);
  assert.equal(power.calls.book.length, 0);
  assert.equal(await house.runWorker("book-power"), false);
  await house.db.insertInto("lamps").values({ room: "hall", watts: 2_000 }).execute();
  assert.equal(await house.runWorker("book-power"), true);
  assert.deepEqual(
    power.calls.book.map((call) => call.input),
    [
      { watts: 0, at: 120_000 },
      { watts: 2_000, at: 120_000 },
    ],
  );
  await assert.rejects(house.runWorker("sleep"), { code: "invalid_app", why: /book-power/ });
});

test("declared errors are values", async () => {
  const power = fake(grid, {
    price({ errors }) {
      throw errors.overloaded({ limit: 40 });
    },
  });
  await using house = await startService(houseService, { uses: { grid: power }, principal: "ada" });
  const { error } = await safe(house.client.light(lamp));
  assert.equal(error?.code, "tooMuch");
  assert.deepEqual(error.data, { limit: 40 });
});

test("stopping twice is stopping once, and what was stopped says so", async () => {
  const house = await startService(houseService);
  await Promise.all([house.stop(), house.stop()]);
  await house[Symbol.asyncDispose]();
  await assert.rejects(house.client.lamps({}));
});

test("table types that are not those of the migrations are found, with the line", async () => {
  const file = new URL("./fixtures/tables.generated.ts", import.meta.url);
  assert.equal((await checkTableTypes(houseService, file, "@kerf/data")).upToDate, true);
  const drifted = await checkTableTypes(houseService, file);
  assert.equal(drifted.upToDate, false);
  assert.match(drifted.difference ?? "", /tables\.generated\.ts:2/);
});
