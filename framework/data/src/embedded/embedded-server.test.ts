import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { KerfError } from "@kerf/kernel";
import { withConnection } from "../connection.ts";
import { EmbeddedServer, type EmbeddedServerOptions } from "./embedded-server.ts";

let root: string;
let options: EmbeddedServerOptions;
const started: EmbeddedServer[] = [];

async function start(more: Partial<EmbeddedServerOptions> = {}): Promise<EmbeddedServer> {
  const server = await EmbeddedServer.start({ ...options, ...more });
  started.push(server);
  return server;
}

before(async () => {
  root = await mkdtemp(join(tmpdir(), "kerf-embedded-"));
  options = { directory: join(root, "main"), socketDirectory: join(root, "s") };
});

after(async () => {
  for (const server of started) await server.stop();
  await rm(root, { recursive: true, force: true });
});

async function one(server: EmbeddedServer, sql: string): Promise<unknown> {
  return withConnection(server.database.admin(), "test", async (client) => {
    const { rows } = await client.query({ text: sql, rowMode: "array" });
    return (rows as unknown[][])[0]?.[0];
  });
}

test("starts, keeps its data, and is found running by the next one", async () => {
  const first = await start();
  assert.equal(first.adopted, false);
  assert.equal(await one(first, "show fsync"), "on");
  assert.equal(await one(first, "show data_checksums"), "on");
  assert.equal(await one(first, "show listen_addresses"), "");
  await withConnection(first.database.admin(), "test", async (client) => {
    await client.query("create table kept as select 1 as n");
  });
  const second = await start();
  assert.equal(second.adopted, true);
  assert.equal(second.pid, first.pid);
  await second.stop();
  await first.exited;
  await second.stop();
  const third = await start();
  assert.equal(third.adopted, false);
  assert.equal(await one(third, "select n from kept"), 1);
});

test("recovers from kill -9, and from the pid file that it leaves", async () => {
  const killed = await start();
  process.kill(killed.pid, "SIGKILL");
  await killed.exited;
  const pidFile = await readFile(join(root, "main", "data", "postmaster.pid"), "utf8");
  assert.equal(Number(pidFile.split("\n")[0]), killed.pid);
  const again = await start();
  assert.equal(again.adopted, false);
  assert.equal(await one(again, "select n from kept"), 1);
});

test("a pid file that names a living stranger is not believed, and the stranger is left alone", async () => {
  const server = await start();
  await server.stop();
  const file = join(root, "main", "data", "postmaster.pid");
  await writeFile(
    file,
    `${process.pid}\n${join(root, "main", "data")}\n0\n5432\n${join(root, "s")}\n\n\nready\n`,
  );
  const again = await start();
  assert.equal(again.adopted, false);
  assert.notEqual(again.pid, process.pid);
});

test("two that start it at once get the same one", async () => {
  const running = await start();
  await running.stop();
  const [a, b] = await Promise.all([start(), start()]);
  assert.equal(a.pid, b.pid);
  assert.notEqual(a.adopted, b.adopted);
});

test("nobody enters without the password, and only the owner reads it", async () => {
  const server = await start();
  const file = join(root, "main", "superuser-password");
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  assert.equal((await stat(join(root, "s"))).mode & 0o777, 0o700);
  const wrong = { ...server.database.admin(), password: "wrong" };
  await assert.rejects(
    withConnection(wrong, "test", async () => undefined),
    (error: KerfError) => error.code === "forbidden",
  );
  const log = await readFile(join(root, "main", "server.log"), "utf8");
  assert.ok(!log.includes(await readFile(file, "utf8")));
});

test("data of another version is refused and left alone", async () => {
  const server = await start();
  await server.stop();
  const version = join(root, "main", "data", "PG_VERSION");
  await writeFile(version, "12\n");
  try {
    await assert.rejects(start(), (error: KerfError) => {
      assert.equal(error.code, "start_failed");
      assert.match(error.message, /written by PostgreSQL 12; installed is 18/);
      return true;
    });
  } finally {
    await writeFile(version, "18\n");
  }
});

test("a setting that PostgreSQL refuses is named with its own words", async () => {
  const server = await start();
  await server.stop();
  await assert.rejects(start({ settings: { shared_buffers: "a lot" } }), (error: KerfError) => {
    assert.equal(error.code, "start_failed");
    assert.match(error.why ?? "", /shared_buffers/);
    return true;
  });
});

test("a socket path that is too long is refused before anything is made", async () => {
  const socketDirectory = join(root, "x".repeat(100));
  await assert.rejects(start({ directory: join(root, "other"), socketDirectory }), /too long/);
  await assert.rejects(stat(join(root, "other")));
});

test("a directory of something else is not touched", async () => {
  const directory = join(root, "something");
  await EmbeddedServer.start({ directory, socketDirectory: join(root, "s2") }).then((server) =>
    server.stop(),
  );
  await rm(join(directory, "data", "PG_VERSION"));
  await assert.rejects(start({ directory }), /is not a PostgreSQL data directory/);
});

test("a place where nothing can be made is named, with what to do", async () => {
  const file = join(root, "file");
  await writeFile(file, "");
  await assert.rejects(start({ directory: join(file, "main") }), (error: KerfError) => {
    assert.equal(error.code, "start_failed");
    assert.match(error.message, /cannot be set up in .*file/);
    assert.match(error.fix ?? "", /KERF_HOME/);
    return true;
  });
});
