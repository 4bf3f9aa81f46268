import assert from "node:assert/strict";
import { mkdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { httpClient } from "@kerf/call/browser";
import type { Client } from "@kerf/contract";
import { operatorHeader, platform, type PlatformContract } from "@kerf/control-api";
import { type ErrorShape, systemClock } from "@kerf/kernel";
import { type PlatformProcess, Workplace } from "../testing/platform-process.ts";
import { pidOf } from "../testing/requests.ts";
import { TokenStore } from "./token-store.ts";

function clientWith({ url }: PlatformProcess, token: string): Client<PlatformContract> {
  const headers = { authorization: `Bearer ${token}`, [operatorHeader]: "grace" };
  return httpClient(platform, { baseUrl: url, headers: () => headers });
}

/** Why something was refused. */
async function refusal(
  work: () => Promise<unknown>,
): Promise<Pick<ErrorShape, "code" | "message" | "why">> {
  try {
    await work();
  } catch (thrown) {
    const error = thrown as ErrorShape;
    return error.code === "failed" ? (error.data as ErrorShape) : error;
  }
  return assert.fail("it is not refused");
}

test("a token's holder changes units of its services alone, reads everything, and nothing else", async (t) => {
  const place = new Workplace(t, "pair");
  const running = place.start("--no-watch", "--cut", "all");
  await running.ready();
  const { client: operator } = running;
  const { token } = await operator.addToken({ name: "count", services: ["counter"] });
  const team = clientWith(running, token);
  const change = "change-1";

  await t.test("what is his", async () => {
    const before = await team.status({});
    await team.restart({ change, unit: "counter" });
    const after = await operator.status({});
    assert.notEqual(pidOf(after, "counter"), pidOf(before, "counter"));
    assert.equal(pidOf(after, "greeter"), pidOf(before, "greeter"));
    await team.audit({});
    await team.contracts({});
    // Refused by what it asks for, and not by the token.
    const config = () => team.changeConfig({ service: "counter", set: { nothing: 1 } });
    assert.notEqual((await refusal(config)).code, "forbidden");
  });

  await t.test("what is not, with what is", async () => {
    const service = "counter";
    const foreign = [
      () => team.restart({ change, unit: "greeter" }),
      () => team.scale({ change, unit: "greeter", copies: 2 }),
      () => team.rollback({ change, unit: "greeter" }),
      () => team.deploy({ change, builds: { counter: "a", greeter: "b" } }),
      () => team.changeConfig({ service: "greeter", set: { a: 1 } }),
      () => team.setSecret({ service: "greeter", name: "key", value: "x" }),
      () => team.removeSecret({ service: "greeter", name: "key" }),
      () => team.addSilence({ service: "greeter", forMs: 60_000, because: "quiet" }),
    ];
    for (const one of foreign) {
      const { code, message, why } = await refusal(one);
      assert.equal(code, "forbidden");
      assert.match(message, /The token count may not touch greeter\./);
      assert.match(why ?? "", /services alone: counter\./);
    }
    const ada = { name: "ada", email: "ada@example.org" };
    const rota = { people: [ada], begins: "2026-01-05" };
    const never = [
      () => team.deploy({ change, builds: { counter: "a" }, force: true }),
      () => team.deploy({ change, builds: { counter: "a" }, expose: "web" }),
      () => team.deploy({ change, builds: { counter: "a" }, app: {} }),
      () => team.deploy({ change, builds: {}, app: {}, gateways: ["web"] }),
      () => team.deploy({ change, builds: {}, remove: ["counter"] }),
      () => team.rollback({ change, unit: "gateway:web" }),
      () => team.restart({ change, unit: "nobody" }),
      () => team.cut({ change, service }),
      () => team.join({ change, service, into: "greeter" }),
      () => team.invoke({ service, operation: "get", input: { name: "x" } }),
      () => team.operate({ service, action: "schedules.list" }),
      () => team.sql({ service, statement: "select 1" }),
      () => team.rotateDatabasePasswords({ service }),
      () => team.attachProgram({ service, holder: "x", command: ["x"], cwd: "/" }),
      () => team.detachProgram({ service, holder: "x" }),
      () => team.rotateMasterKey({}),
      () => team.addToken({ name: "more", services: ["greeter"] }),
      () => team.listTokens({}),
      () => team.removeToken({ name: "count" }),
      () => team.setRota({ team: "team", rota }),
      () => team.removeDestination({ name: "chat" }),
      () => team.stop({}),
    ];
    for (const one of never) assert.equal((await refusal(one)).code, "forbidden");
    const stream = team.invokeStream({ service, operation: "ticks" });
    await assert.rejects(async () => {
      for await (const _ of stream) assert.fail("it is not opened");
    }, /forbidden|is not for invokeStream/);
  });

  await t.test("a service that shares a unit with others is not his alone", async () => {
    await operator.join({ change, service: "counter", into: "greeter" });
    for (const one of [
      () => team.restart({ change, unit: "greeter" }),
      () => team.changeConfig({ service: "counter", set: { a: 1 } }),
      () => team.deploy({ change, builds: { counter: "a" } }),
    ])
      assert.match((await refusal(one)).message, /may not touch greeter/);
    // Whom it concerns starts again with neither.
    const quiet = { service: "counter", forMs: 60_000, because: "known" };
    const { silence } = await team.addSilence(quiet);
    await team.endSilence({ id: silence.id });
  });

  await t.test(
    "the record names the token, refused or not, and nothing has its value",
    async () => {
      const { entries } = await operator.audit({});
      const told = entries.map(({ action, by, result, token: used }) => [action, by, used, result]);
      assert.deepEqual(told[0], ["addToken", "ada", undefined, "done"]);
      assert.deepEqual(told[1], ["restart", "grace", "count", "done"]);
      assert.deepEqual(told[3], ["restart", "grace", "count", "forbidden"]);
      const file = join(place.home, "state", "tokens.json");
      assert.equal(statSync(file).mode & 0o777, 0o600);
      for (const kept of [
        file,
        join(place.home, "state", "audit.jsonl"),
        join(place.home, "logs", "platform.log"),
      ])
        assert.ok(
          !(
            statSync(kept, { throwIfNoEntry: false }) && readFileSync(kept, "utf8").includes(token)
          ),
          kept,
        );
      assert.ok(!JSON.stringify(await operator.listTokens({})).includes("sha256"));
    },
  );

  await t.test("one that is removed is worth nothing, at once", async () => {
    await operator.removeToken({ name: "count" });
    assert.equal((await refusal(() => team.status({}))).code, "unauthenticated");
  });
});

test("tokens outlive the platform, expire, and have names of their own", async (t) => {
  const { home } = new Workplace(t, "pair");
  mkdirSync(home, { recursive: true });
  let wall = Date.parse("2026-11-22T00:00:00Z");
  const clock = { ...systemClock, wall: () => wall };
  const store = new TokenStore(home, clock);
  const asked = { services: ["counter"], by: "ada" };
  const brief = await store.add({ ...asked, name: "brief", expires: "2026-11-23T00:00:00Z" });
  const long = await store.add({ ...asked, name: "long" });
  await assert.rejects(store.add({ ...asked, name: "long" }), { code: "conflict" });
  await assert.rejects(store.remove("nobody"), { code: "not_found" });
  assert.equal(new TokenStore(home, clock).find(brief)?.name, "brief");
  wall += 24 * 3_600_000;
  assert.throws(() => store.find(brief), { code: "unauthenticated", message: /has expired/ });
  assert.equal(store.find(long)?.name, "long");
  assert.equal(store.find(`${long}x`), undefined);
});
