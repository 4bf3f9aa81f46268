import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { createClient } from "redis";
import {
  findRedisProgram,
  LocalRedisServer,
  RedisConnection,
  type RedisPlace,
  setRedisUsers,
} from "./index.ts";

const has = findRedisProgram() !== undefined;
if (!has && process.env["CI"] === "true") throw new Error("needs redis-server");
const skip = has ? false : "needs redis-server";
if (skip !== false) console.log(`skipped: ${skip}`);

describe("a Redis of this machine", { skip, timeout: 120_000 }, () => {
  let folder = "";
  let server: LocalRedisServer;
  const start = (): Promise<LocalRedisServer> =>
    LocalRedisServer.start({
      directory: join(folder, "redis"),
      socketDirectory: join(folder, "run"),
      adminPassword: "admin-password",
    });
  const users = async (...given: Parameters<typeof setRedisUsers>[1][number][]): Promise<void> => {
    const connection = await RedisConnection.open(server.login);
    await setRedisUsers(connection, given).finally(() => connection.close());
  };
  const place = (service: string, password = `${service}-password`): RedisPlace => ({
    socket: server.login.socket,
    username: service,
    password,
    keyPrefix: `${service}:`,
  });
  const connected = async (of: RedisPlace) => {
    const client = createClient(of);
    client.on("error", () => {});
    return client.connect();
  };
  const both = [
    { service: "orders", passwords: ["orders-password"] },
    { service: "carts", passwords: ["carts-password"] },
  ];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "kerf-redis-"));
    server = await start();
    await users(...both);
  });
  after(async () => {
    await server?.stop(5_000);
    await rm(folder, { recursive: true, force: true });
  });

  test("a service reads and writes its own keys, and the server refuses it those of others", async () => {
    const orders = await connected(place("orders"));
    const carts = await connected(place("carts"));
    try {
      await orders.set("1", "oak");
      assert.equal(await orders.get("1"), "oak");
      assert.match(await orders.info("server"), /redis_version/);
      const script = "return redis.call('get', 'orders:1')";
      const attempts: readonly (readonly string[])[] = [
        ["GET", "orders:1"],
        ["SET", "orders:1", "ash"],
        ["COPY", "orders:1", "carts:1"],
        ["EVAL", script, "0"],
        ["PUBLISH", "orders:made", "1"],
        // What would say how keys of others are called, or change the server.
        ["SCAN", "0"],
        ["KEYS", "*"],
        ["RANDOMKEY"],
        ["PUBSUB", "CHANNELS"],
        ["CLIENT", "TRACKING", "ON", "BCAST"],
        ["FLUSHALL"],
        ["SWAPDB", "0", "1"],
        ["CONFIG", "GET", "dir"],
        ["ACL", "SETUSER", "carts", "~*"],
        ["MONITOR"],
        ["FUNCTION", "FLUSH"],
        ["SCRIPT", "FLUSH"],
      ];
      for (const attempt of attempts)
        await assert.rejects(
          carts.sendCommand([...attempt]),
          /NOPERM|No permissions|can't access/i,
          attempt.join(" "),
        );
      assert.equal(await orders.get("1"), "oak");
    } finally {
      await Promise.all([orders.close(), carts.close()]);
    }
  });

  test("where no folder of the PATH has it, none is found", () => {
    assert.equal(findRedisProgram(folder), undefined);
  });

  test("two passwords hold while one is exchanged, and then the new one alone", async () => {
    await users({ service: "orders", passwords: ["new-password", "orders-password"] });
    for (const password of ["new-password", "orders-password"])
      await (await connected(place("orders", password))).close();
    await users({ service: "orders", passwords: ["new-password"] });
    const old = { ...server.login, username: "orders", password: "orders-password" };
    await assert.rejects(RedisConnection.open(old), { code: "forbidden", why: /WRONGPASS/ });
    await users(...both);
  });

  test("it is adopted; killed, it comes back with what it kept and whom it let in", async () => {
    assert.equal((await start()).pid, server.pid);
    const orders = await connected(place("orders"));
    await orders.set("2", "elm");
    orders.destroy();
    process.kill(server.pid, "SIGKILL");
    await server.exited;
    const { pid } = server;
    server = await start();
    assert.notEqual(server.pid, pid);
    const again = await connected(place("orders"));
    assert.equal(await again.get("2"), "elm");
    await again.close();
  });
});
