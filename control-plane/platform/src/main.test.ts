import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { safe } from "@kerf/contract";
import type { Status } from "@kerf/control-api";
import { Workplace } from "./testing/platform-process.ts";
import { answers, pidOf } from "./testing/requests.ts";

const json = { "content-type": "application/json" };

test("an app comes up, answers, survives the death of each of its parts, and goes without a trace", async (t) => {
  const place = new Workplace(t, "pair");
  const platform = place.start("--no-watch");
  const status = await platform.ready();
  const { client } = platform;
  const gateway = status.gateways[0]?.url as string;

  await t.test("status tells what runs", async () => {
    assert.equal(status.app, "pair");
    assert.equal(status.phase, "ready");
    assert.deepEqual(
      status.units.map(({ name, services, instances }) => [name, services, instances[0]?.state]),
      [
        ["counter", ["counter"], "ready"],
        ["greeter", ["greeter"], "ready"],
      ],
    );
    assert.deepEqual(
      status.databases.map(({ server, state, services }) => [server, state, services]),
      [["main", "ready", ["counter"]]],
    );
    assert.equal(status.services[0]?.migration, "0001_counters.sql");
    // What they measure of themselves comes a second later, and changes.
    const settled = ({ units }: Status) =>
      units.map(({ instances, ...unit }) => ({
        ...unit,
        instances: instances.map(({ load: _load, ...instance }) => instance),
      }));
    assert.deepEqual(settled(await client.status({})), settled(status));
  });

  await t.test(
    "a request goes through the gateway to a service, and from there to another",
    async () => {
      const body = JSON.stringify({ by: 3 });
      const added = await fetch(`${gateway}/counters/a`, { method: "POST", headers: json, body });
      assert.deepEqual([added.status, await added.json()], [200, { name: "a", value: 3 }]);
      const greeting = (await (await fetch(`${gateway}/greetings/a`)).json()) as { text: string };
      assert.equal(greeting.text, "Hello a 3");
    },
  );

  await t.test(
    "an operator calls operations, for a user too, and learns in full why one fails",
    async () => {
      const call = { service: "counter", operation: "get", input: { name: "a" } };
      assert.deepEqual((await client.invoke(call)).output, { name: "a", value: 3 });
      const whoami = { service: "counter", operation: "whoami", input: {} };
      assert.deepEqual((await client.invoke(whoami)).output, { subject: "operator" });
      const ada = { ...whoami, as: { subject: "ada", claims: {} } };
      assert.deepEqual((await client.invoke(ada)).output, { subject: "ada" });
      const codes: (string | undefined)[] = [];
      for (const wrong of [
        { ...call, input: { name: "nobody" } },
        { ...call, input: {} },
        { ...call, operation: "nothing" },
        { ...call, service: "nobody" },
        { ...call, operation: "ticks" },
      ]) {
        const { error } = await safe(client.invoke(wrong));
        codes.push(error?.data.code);
      }
      assert.deepEqual(codes, [
        "unknown",
        "invalid_input",
        "unknown_operation",
        "not_found",
        "invalid_input",
      ]);
      const items: unknown[] = [];
      for await (const { item } of client.invokeStream({
        service: "counter",
        operation: "ticks",
      })) {
        items.push(item);
        if (items.length === 3) break;
      }
      assert.deepEqual(items, [{ n: 1 }, { n: 2 }, { n: 3 }]);
    },
  );

  await t.test("SQL runs as the app, which may not change tables, or as the owner", async () => {
    const select = { service: "counter", statement: "select name, value from counters" };
    const { columns, rows, rowCount } = await client.sql(select);
    assert.deepEqual([columns, rows, rowCount], [["name", "value"], [["a", "3"]], 1]);
    const ddl = { service: "counter", statement: "create table more (id int)" };
    const { error } = await safe(client.sql(ddl));
    assert.equal(error?.data.code, "forbidden");
    assert.equal((await client.sql({ ...ddl, role: "owner" })).command, "CREATE");
    const many = await client.sql({ ...select, statement: "select generate_series(1, 2000)" });
    assert.deepEqual([many.rows.length, many.truncated], [1_000, true]);
    assert.equal(
      (await safe(client.sql({ ...select, statement: "selec" }))).error?.data.code,
      "invalid_input",
    );
    assert.equal(
      (await safe(client.sql({ ...select, service: "greeter" }))).error?.data.code,
      "not_found",
    );
  });

  await t.test("table types, logs and contracts are there for tools", async () => {
    const types = await client.databaseTypes({ service: "counter" });
    assert.match(types.text, /counters/);
    assert.equal(types.file, place.path("counter", "tables.generated.ts"));
    const lines = [];
    for await (const line of client.logs({ service: "greeter", tail: 50 })) lines.push(line);
    assert.ok(lines.length > 0 && lines.every(({ source }) => source === "greeter"));
    const { contracts } = await client.contracts({});
    assert.deepEqual(contracts.map(({ name }) => name).toSorted(), ["counter", "greeter"]);
  });

  await t.test(
    "nobody else gets in: token, host and origin are checked, state is for its owner",
    async () => {
      const get = async (headers: Record<string, string>): Promise<number> =>
        (await fetch(`${platform.url}/api/status`, { headers })).status;
      const authorization = `Bearer ${platform.token}`;
      assert.equal(await get({}), 401);
      assert.equal(await get({ authorization: `Bearer ${"x".repeat(43)}` }), 401);
      assert.equal(await get({ authorization, origin: "http://evil.example" }), 403);
      assert.equal(await get({ authorization }), 200);
      for (const name of ["token", "keys/principal.json", "keys/databases.json", "platform.json"]) {
        assert.equal(statSync(join(place.home, name)).mode & 0o777, 0o600, name);
      }
    },
  );

  await t.test("a second platform on the same home is refused, and harms nothing", async () => {
    const second = place.start();
    const { error, fatal } = await second.event("problem");
    assert.equal(fatal, true);
    assert.match(error.message, new RegExp(`process ${platform.child.pid}`));
    assert.equal(await second.exited, 1);
    assert.equal((await fetch(`${gateway}/greetings/a`)).status, 200);
  });

  await t.test("a unit that is killed is gone from status at once, and comes back", async () => {
    const pid = pidOf(await client.status({}), "greeter");
    const ended = platform.next(
      "instance",
      ({ unit, state }) => unit === "greeter" && state === "stopped",
    );
    const back = platform.next(
      "instance",
      ({ unit, state }) => unit === "greeter" && state === "ready",
    );
    process.kill(pid, "SIGKILL");
    await ended;
    const between = (await client.status({})).units[1]?.instances[0];
    assert.notEqual(between?.state, "ready");
    assert.notEqual(between?.pid, pid);
    await back;
    const after = (await client.status({})).units[1]?.instances[0];
    assert.deepEqual([after?.state, after?.restarts], ["ready", 1]);
    await answers(`${gateway}/greetings/a`);
  });

  await t.test("a gateway that is killed comes back on its port", async () => {
    const back = platform.next(
      "instance",
      ({ unit, state }) => unit === "gateway:web" && state === "ready",
    );
    process.kill((await client.status({})).gateways[0]?.pid as number, "SIGKILL");
    await back;
    await answers(`${gateway}/greetings/a`);
  });

  await t.test("a database server that is killed comes back", async () => {
    const back = platform.next(
      "instance",
      ({ unit, state }) => unit === "postgres:main" && state === "ready",
    );
    process.kill((await client.status({})).databases[0]?.pid as number, "SIGKILL");
    await back;
    const { databases } = await client.status({});
    assert.deepEqual([databases[0]?.state, databases[0]?.restarts], ["ready", 1]);
    assert.equal((await client.sql({ service: "counter", statement: "select 1" })).rowCount, 1);
  });

  await t.test("a restart puts the new copy in place first", async () => {
    const before = pidOf(await client.status({}), "counter");
    const change = "restart-1";
    const { kind, units } = await client.restart({ change, unit: "counter" });
    assert.deepEqual([kind, units["counter"]?.after?.copies], ["restart", 1]);
    assert.notEqual(pidOf(await client.status({}), "counter"), before);
    assert.equal((await fetch(`${gateway}/counters/a`)).status, 200);
    assert.equal(
      (await safe(client.restart({ change, unit: "nothing" }))).error?.data.code,
      "not_found",
    );
  });

  await t.test("a unit that is stopped stays away until it is started", async () => {
    const { instances } = await client.stopUnit({ unit: "greeter" });
    assert.equal(instances.length, 1);
    const states = async (): Promise<string[] | undefined> =>
      (await client.status({})).units
        .find(({ name }) => name === "greeter")
        ?.instances.map(({ state }) => state);
    assert.deepEqual(await states(), ["stopped"]);
    assert.deepEqual((await client.stopUnit({ unit: "greeter" })).instances, []);
    assert.equal((await client.startUnit({ unit: "greeter" })).instances.length, 1);
    assert.deepEqual(await states(), ["ready"]);
    assert.deepEqual((await client.startUnit({ unit: "greeter" })).instances, []);
    const unknown = await safe(client.stopUnit({ unit: "nothing" }));
    assert.equal(unknown.error?.data.code, "not_found");
    await answers(`${gateway}/greetings/a`);
  });

  await t.test("it stops when it is asked to, and leaves nothing running", async () => {
    await client.stop({});
    assert.equal(await platform.exited, 0);
    assert.deepEqual(place.left(), []);
    assert.deepEqual(readdirSync(join(place.home, "run", "instances")), []);
    assert.equal(existsSync(join(place.home, "platform.json")), false);
    assert.equal(existsSync(join(place.home, "platform.lock")), false);
  });
});

test("everything ends when whoever started it is gone", async (t) => {
  const place = new Workplace(t, "pair");
  const platform = place.start("--no-watch");
  await platform.ready();
  platform.cutLifeline();
  await platform.exited;
  assert.deepEqual(place.left(), []);
});

test("a taken port is refused before anything is started, naming who has it", async (t) => {
  const place = new Workplace(t, "pair");
  const holder = createServer();
  await new Promise<void>((resolve) => holder.listen(0, "127.0.0.1", resolve));
  t.after(() => holder.close());
  const { port } = holder.address() as AddressInfo;
  for (const option of ["--port", "--platform-port"]) {
    const platform = place.start(option, String(port));
    const { error, fatal } = await platform.event("problem");
    assert.equal(fatal, true);
    assert.match(error.message, new RegExp(`Port ${port} .* process ${process.pid}`));
    assert.ok(error.fix);
    assert.equal(await platform.exited, 1);
    assert.equal(existsSync(join(place.home, "postgres", "main")), false, "nothing was started");
  }
});

test("an app that is wrong is refused with all that is wrong with it, and nothing is left running", async (t) => {
  const place = new Workplace(t, "pair");
  const contract = place.path("counter", "contract.ts");
  writeFileSync(
    contract,
    readFileSync(contract, "utf8")
      .replace('version: "1.0.0"', 'version: "one"')
      .replace("GET /counters", "FETCH /counters"),
  );
  const platform = place.start();
  const { error, fatal } = await platform.event("problem");
  assert.equal(fatal, true);
  assert.match(JSON.stringify(error), /version .*one.*FETCH \/counters/);
  assert.equal(await platform.exited, 1);
  assert.deepEqual(place.left(), []);
});

test("an unknown service to cut is refused, naming those that there are", async (t) => {
  const place = new Workplace(t, "pair");
  const platform = place.start("--cut", "payments");
  const { error } = await platform.event("problem", ({ fatal }) => fatal === true);
  assert.match(error.fix ?? "", /counter, greeter/);
  assert.equal(await platform.exited, 1);
});
