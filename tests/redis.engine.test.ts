// Boundary: services that keep something in Redis, as an author runs them: with a server of the platform's own, and with one that somebody else runs.
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Status } from "@kerf/control-api";
import { findRedisProgram, LocalRedisServer, RedisConnection } from "@kerf/data/redis";
import { lacking } from "./engines.ts";
import { eventually, RunningShop } from "./shop/running-shop.ts";

const args = ["--app", join(import.meta.dirname, "../docs/guides/examples/redis.ts"), "--no-watch"];
const skip = lacking({ "redis-server": findRedisProgram() !== undefined }) ?? false;
const oak = { sku: "oak", quantity: 2 };

describe("services with Redis", { skip, timeout: 300_000 }, () => {
  let shop: RunningShop;
  let folder = "";
  const redis = async (): Promise<NonNullable<Status["redis"]>> =>
    ((await shop.status()) as unknown as Status).redis ?? assert.fail("no redis");
  const put = async (id: string): Promise<void> => {
    const body = JSON.stringify({ sku: oak.sku, quantity: oak.quantity });
    const headers = { "content-type": "application/json" };
    const answer = await fetch(`${shop.url}/baskets/${id}`, { method: "PUT", headers, body });
    assert.equal(answer.status, 200, await answer.text());
  };
  const get = async (id: string): Promise<unknown> =>
    (await fetch(`${shop.url}/baskets/${id}`)).json();
  const look = async (key: string): Promise<string> =>
    ((await (await fetch(`${shop.url}/keys/${key}`)).json()) as { said: string }).said;
  const full = { items: { oak: 2 } };

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "kerf-redis-"));
    shop = await RunningShop.start(args);
  });
  after(async () => {
    await shop?.stop();
    await shop?.remove();
    await rm(folder, { recursive: true, force: true });
  });

  test("a handler keeps what it is told to, and the server refuses it the keys of another service", async () => {
    await put("ada");
    assert.deepEqual(await get("ada"), full);
    assert.match(await look("baskets:ada"), /NOPERM/);
    assert.equal(await look("curious:1"), "none");
    const { own, services, state } = await redis();
    assert.deepEqual([own, services, state], [true, ["baskets", "curious"], "ready"]);
    assert.match(
      (await shop.kerf("status")).stdout,
      /redis +a process of this machine, 2 services/,
    );
    assert.match((await shop.kerf("logs", "redis", "-n", "50")).stdout, /ready to accept/);
  });

  test("no password is in a log", async () => {
    const keys = await readFile(join(shop.home, "keys/redis.json"), "utf8");
    const { admin, services } = JSON.parse(keys) as {
      admin: string;
      services: Record<string, { password: string }>;
    };
    const { stdout } = await shop.kerf("logs", "-n", "1000");
    assert.match(stdout, /looking/);
    for (const secret of [admin, ...Object.values(services).map(({ password }) => password)])
      assert.ok(secret.length > 20 && !stdout.includes(secret));
  });

  test("its password is exchanged while it works", async () => {
    const { code, stderr, stdout } = await shop.kerf("db", "rotate", "baskets");
    assert.equal(code, 0, stderr);
    assert.match(stdout, /baskets \(Redis\)/);
    assert.deepEqual(await get("ada"), full);
  });

  test("killed, it comes back with what it kept; the platform, killed, finds it again", async () => {
    const { pid } = await redis();
    process.kill(pid, "SIGKILL");
    const back = await eventually("it is back", async () => {
      const now = await redis();
      return now.pid !== pid && now.state === "ready" ? now : undefined;
    });
    assert.deepEqual(await get("ada"), full);
    const { platform } = await shop.status();
    process.kill(platform.pid, "SIGKILL");
    await eventually("another platform is there", async () => {
      const now = await shop.status().catch(() => undefined);
      return now !== undefined && now.platform.pid !== platform.pid ? now : undefined;
    });
    const adopted = await eventually("it is adopted", async () => {
      const now = await redis();
      return now.state === "ready" ? now : undefined;
    });
    assert.equal(adopted.pid, back.pid);
    await put("grace");
  });

  test("when the launcher is killed it ends with everything else", async () => {
    const { pid } = await redis();
    shop.launcher.kill("SIGKILL");
    await eventually("it has ended", () => Promise.resolve(isGone(pid) || undefined));
  });

  test("with a Redis of somebody else's each service gets a user there; where none may be made, they share one, and it is said", async () => {
    await shop.stop();
    const server = await LocalRedisServer.start({
      directory: join(folder, "theirs"),
      socketDirectory: join(folder, "run"),
      adminPassword: "their-password",
    });
    const file = join(folder, "redis.url");
    const urlOf = (login: string): string =>
      `redis+unix://${login}@localhost${join(folder, "run", "redis.sock")}\n`;
    try {
      await writeFile(file, urlOf(":their-password"), { mode: 0o600 });
      shop = await RunningShop.start([...args, "--redis", file]);
      await put("ada");
      assert.match(await look("baskets:ada"), /NOPERM/);
      assert.equal((await redis()).own, false);
      await shop.stop();

      const connection = await RedisConnection.open(server.login);
      await connection.command(
        "ACL",
        "SETUSER",
        "ours",
        "on",
        ">ours",
        "~*",
        "&*",
        "+@all",
        "-acl",
      );
      connection.close();
      await writeFile(file, urlOf("ours:ours"), { mode: 0o600 });
      shop = await RunningShop.start([...args, "--redis", file]);
      assert.deepEqual(await get("ada"), full);
      assert.match((await redis()).note ?? "", /share one user/);
    } finally {
      await shop.stop();
      await server.stop(5_000);
    }
  });
});

function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
}
