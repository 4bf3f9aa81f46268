import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import pg from "pg";
import { postgresServers, type PostgresPlace } from "./postgres-places.ts";
import { RunningShop } from "./running-shop.ts";

describe("a service's data is its own", { timeout: 120_000 }, () => {
  let shop: RunningShop;
  let passwords: Record<string, { owner: string; app: string }>;
  let servers: Record<string, PostgresPlace>;

  before(async () => {
    shop = await RunningShop.start(["--cut", "none"]);
    passwords = JSON.parse(await readFile(join(shop.home, "keys", "databases.json"), "utf8"));
    servers = await postgresServers(shop.home);
  });
  after(async () => {
    await shop?.stop();
    await shop?.remove();
  });

  async function run(
    server: string,
    database: string,
    service: string,
    role: "owner" | "app",
    sql: string,
  ): Promise<pg.QueryResult> {
    const client = new pg.Client({
      ...servers[server],
      database,
      user: `${service}_${role}`,
      password: passwords[service]?.[role] ?? "",
    });
    await client.connect();
    try {
      return await client.query(sql);
    } finally {
      await client.end();
    }
  }

  test("its own role works with it, and changes no tables", async () => {
    const { rows } = await run(
      "main",
      "inventory",
      "inventory",
      "app",
      "SELECT count(*)::int AS n FROM stock",
    );
    assert.ok(rows[0].n > 0);
    await assert.rejects(
      run("main", "inventory", "inventory", "app", "CREATE TABLE mine (id int)"),
      { code: "42501" },
    );
    await assert.rejects(run("main", "inventory", "inventory", "app", "DROP TABLE stock"), {
      code: "42501",
    });
  });

  test("PostgreSQL refuses the roles of every other service", async () => {
    for (const service of ["orders", "catalog", "users"]) {
      for (const role of ["app", "owner"] as const) {
        await assert.rejects(run("main", "inventory", service, role, "SELECT 1"), {
          code: "42501",
          message: /permission denied for database/,
        });
      }
    }
  });

  test("the databases that PostgreSQL brings are closed as well", async () => {
    for (const database of ["postgres", "template1"]) {
      await assert.rejects(run("main", database, "orders", "app", "SELECT 1"), { code: "42501" });
    }
  });

  test("payments' server does not know the other services", async () => {
    await assert.rejects(run("payments", "payments", "orders", "app", "SELECT 1"), {
      code: "28P01",
    });
  });

  test("nothing that holds a password can be read by others", async () => {
    const { mode } = await (
      await import("node:fs/promises")
    ).stat(join(shop.home, "keys", "databases.json"));
    assert.equal(mode & 0o077, 0);
  });
});
