import assert from "node:assert/strict";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { EmbeddedServer } from "@kerf/data/embedded";
import { Workplace } from "../testing/platform-process.ts";
import { answers, keepAsking } from "../testing/requests.ts";

test("a crash at start and a broken migration are reported with what to do, leave the others alone, and are healed by saving", async (t) => {
  const place = new Workplace(t, "trio");
  const platform = place.start();
  const crash = await platform.event("problem", ({ source }) => source === "crashing");
  assert.match(crash.error.message, /crashing ended with exit code 3 before it was ready/);
  assert.match(crash.error.why ?? "", /GREETING_FILE is missing/);
  assert.ok(crash.log?.some((line) => line.includes("GREETING_FILE")) && crash.error.fix);
  const migration = await platform.event("problem", ({ source }) => source === "migrating");
  assert.equal(migration.error.code, "migration_failed");
  assert.match(migration.error.message, /0002_broken\.sql:2/);

  const status = await platform.ready();
  const services = new Map(status.services.map((service) => [service.name, service]));
  assert.equal(services.get("migrating")?.problem?.code, "migration_failed");
  assert.equal(services.get("calm")?.problem, undefined);
  const states = new Map(status.units.map((unit) => [unit.name, unit.instances[0]]));
  assert.equal(states.get("calm")?.state, "ready");
  assert.equal(states.get("migrating")?.state, "stopped");
  assert.notEqual(states.get("crashing")?.state, "ready");
  assert.equal(states.get("crashing")?.lastError?.code, "start_failed");
  const { url } = status.gateways[0] as { url: string };
  await answers(`${url}/calm`);
  assert.equal((await fetch(`${url}/migrating`)).status, 503);

  const ready = (name: string) =>
    platform.next("instance", ({ unit, state }) => unit === name && state === "ready");
  const migrated = ready("migrating");
  writeFileSync(
    place.path("migrating", "migrations", "0002_broken.sql"),
    "alter table notes add column author text;\n",
  );
  await migrated;
  await answers(`${url}/migrating`);
  const started = ready("crashing");
  writeFileSync(place.path("crashing", "file.ts"), 'export const file = "there";\n');
  await started;
  await answers(`${url}/crashing`);

  // The server of one service is away: it stops alone, and is there again with its server.
  const others = keepAsking(`${url}/calm`);
  const apart = (await platform.client.status({})).databases.find(
    ({ server }) => server === "apart",
  );
  assert.deepEqual(apart?.services, ["migrating"]);
  const back = platform.next(
    "instance",
    ({ unit, state }) => unit === "postgres:apart" && state === "ready",
  );
  process.kill(apart.pid, "SIGKILL");
  await back;
  await answers(`${url}/migrating`);
  assert.equal(await others.stop(), 0);
});

test("an app may bring a server of its own by URL, from a file that only its owner can read", async (t) => {
  const place = new Workplace(t, "pair");
  const server = await EmbeddedServer.start({
    directory: join(place.root, "pg"),
    socketDirectory: join(place.root, "s"),
    durable: false,
  });
  t.after(() => server.stop());
  const { host, user, password } = server.database.admin();
  const urlFile = join(place.root, "url");
  writeFileSync(
    urlFile,
    `postgres://${user}:${password}@localhost/postgres?host=${encodeURIComponent(host)}\n`,
    { mode: 0o644 },
  );
  const app = place.path("app.ts");
  const servers = `servers: { main: { urlFile: ${JSON.stringify(urlFile)} } },`;
  writeFileSync(app, readFileSync(app, "utf8").replace("gateways:", `${servers} gateways:`));

  const open = place.start("--no-watch");
  const { error } = await open.event("problem", ({ source }) => source === "postgres:main");
  assert.match(error.fix ?? "", /chmod 600/);
  assert.doesNotMatch(JSON.stringify(error), new RegExp(password));
  await open.end();

  chmodSync(urlFile, 0o600);
  const platform = place.start("--no-watch");
  const status = await platform.ready();
  assert.deepEqual(
    status.databases.map(({ server: name, embedded, state }) => [name, embedded, state]),
    [["main", false, "ready"]],
  );
  await answers(`${status.gateways[0]?.url}/greetings/x`);
  const { rows } = await platform.client.sql({
    service: "counter",
    statement: "select current_user",
  });
  assert.deepEqual(rows, [["counter_app"]]);
});
