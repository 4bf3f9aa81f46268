import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { sql as drizzleSql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/node-postgres";
import { integer, pgTable, text } from "drizzle-orm/pg-core";
import { sql } from "kysely";
import { KerfError } from "@kerf/kernel";
import { withConnection } from "./connection.ts";
import { sqlState } from "./database-errors.ts";
import { startTemporaryServer, type TemporaryServer } from "./embedded/temporary-server.ts";
import { type ProvisionedService, provisionService } from "./provision.ts";
import { ServiceDatabase } from "./service-database.ts";

interface Tables {
  accounts: { id: number; name: string; balance: number };
}

const accounts = pgTable("accounts", { id: integer("id").primaryKey(), name: text("name") });

let temporary: TemporaryServer;
let service: ProvisionedService;
let database: ServiceDatabase<Tables>;

before(async () => {
  temporary = await startTemporaryServer();
  service = await provisionService(temporary.server.database, {
    service: "bank",
    passwords: { owner: "o", app: "a" },
  });
  await withConnection(service.owner, "test", async (client) => {
    await client.query(
      `create table accounts (id int primary key, name text unique, balance bigint not null default 0)`,
    );
  });
  database = new ServiceDatabase({ connection: service.app, service: "bank", instance: "1" });
});

afterEach(async () => {
  await withConnection(service.owner, "test", async (client) => client.query("truncate accounts"));
});

after(async () => {
  await database.close();
  await temporary.stop();
});

const soon = (ms = 5_000) => ({ deadline: performance.now() + ms });

async function names(): Promise<unknown[]> {
  const rows = await database
    .reads(soon())
    .db.selectFrom("accounts")
    .select("name")
    .orderBy("id")
    .execute();
  return rows.map((row) => row.name);
}

const code =
  (expected: string) =>
  (error: unknown): boolean =>
    error instanceof KerfError && error.code === expected;

test("Kysely, Drizzle and the raw driver work in one transaction, which opens at the first statement", async () => {
  const tx = database.transaction(soon());
  assert.equal(tx.isOpen, false);
  assert.equal(database.stats.open - database.stats.idle, 0);
  await tx.db.insertInto("accounts").values({ id: 1, name: "kysely", balance: 5 }).execute();
  assert.equal(tx.isOpen, true);
  await drizzle(tx.raw).insert(accounts).values({ id: 2, name: "drizzle" });
  await tx.raw.query("insert into accounts (id, name) values ($1, $2)", [3, "raw"]);
  assert.deepEqual((await drizzle(tx.raw).select().from(accounts)).length, 3);
  assert.deepEqual(await names(), []);
  await tx.commit();
  assert.equal(tx.isOpen, false);
  assert.deepEqual(await names(), ["kysely", "drizzle", "raw"]);
});

test("rolled back, nothing of it stays; without a statement no connection is taken", async () => {
  const tx = database.transaction(soon());
  await tx.db.insertInto("accounts").values({ id: 1, name: "x", balance: 0 }).execute();
  await tx.rollback();
  await tx.rollback();
  assert.deepEqual(await names(), []);
  await database.transaction(soon()).rollback();
  await database.transaction(soon()).commit();
});

test("statements sent together all belong to it", async () => {
  const tx = database.transaction(soon());
  await Promise.all(
    [1, 2, 3, 4, 5].map((id) =>
      tx.db
        .insertInto("accounts")
        .values({ id, name: `n${id}`, balance: 0 })
        .execute(),
    ),
  );
  const { rows } = await tx.raw.query("select count(distinct xmin::text)::int as n from accounts");
  assert.deepEqual(rows, [{ n: 1 }]);
  await tx.commit();
  assert.equal((await names()).length, 5);
});

test("transactions inside of it are savepoints, whichever library opens them", async () => {
  const tx = database.transaction(soon());
  const fail = new Error("undo this");
  await tx.db
    .transaction()
    .execute((inner) =>
      inner.insertInto("accounts").values({ id: 1, name: "kysely", balance: 0 }).execute(),
    );
  await assert.rejects(
    tx.db.transaction().execute(async (inner) => {
      await inner.insertInto("accounts").values({ id: 2, name: "undone", balance: 0 }).execute();
      throw fail;
    }),
    fail,
  );
  await drizzle(tx.raw).transaction(async (inner) => {
    await inner.insert(accounts).values({ id: 3, name: "drizzle" });
    await inner.transaction(async (deeper) => deeper.execute(drizzleSql`select 1`));
  });
  await assert.rejects(
    drizzle(tx.raw).transaction(async (inner) => {
      await inner.insert(accounts).values({ id: 1, name: "taken" });
    }),
  );
  await assert.rejects(tx.savepoint(async () => tx.raw.query("insert into accounts values (1)")));
  assert.equal(await tx.savepoint(async () => "kept"), "kept");
  await tx.commit();
  assert.deepEqual(await names(), ["kysely", "drizzle"]);
});

test("a violated constraint reaches the handler as PostgreSQL says it", async () => {
  const tx = database.transaction(soon());
  await tx.db.insertInto("accounts").values({ id: 1, name: "a", balance: 0 }).execute();
  await assert.rejects(
    tx.db.insertInto("accounts").values({ id: 2, name: "a", balance: 0 }).execute(),
    (error: { constraint?: string }) =>
      sqlState(error) === "23505" && error.constraint === "accounts_name_key",
  );
  await assert.rejects(tx.raw.query("select 1"), (error: KerfError) => {
    assert.equal(error.code, "transaction_aborted");
    assert.match(error.why ?? "", /accounts_name_key/);
    return true;
  });
  await tx.rollback();
});

test("a handler that swallows an error does not get a commit that was none", async () => {
  const tx = database.transaction(soon());
  await tx.db.insertInto("accounts").values({ id: 1, name: "a", balance: 0 }).execute();
  await tx.raw.query("select 1/0").catch(() => undefined);
  await assert.rejects(tx.commit(), code("transaction_aborted"));
  assert.deepEqual(await names(), []);
});

test("the handler cannot end the transaction itself", async () => {
  const tx = database.transaction(soon());
  await tx.db.insertInto("accounts").values({ id: 1, name: "a", balance: 0 }).execute();
  for (const statement of [
    "commit",
    "rollback",
    "begin isolation level serializable",
    "/* x */ end",
  ]) {
    await assert.rejects(tx.raw.query(statement), code("transaction_control"), statement);
  }
  await assert.rejects(sql`commit`.execute(tx.db), code("transaction_control"));
  assert.throws(() => tx.raw.release(), code("transaction_control"));
  await assert.rejects(
    tx.savepoint(async () => tx.raw.query("select 1; commit")),
    (error: unknown) => sqlState(error) === "42601",
  );
  await tx.rollback();
  assert.deepEqual(await names(), []);
});

test("used after it was settled, it says so", async () => {
  const tx = database.transaction(soon());
  const { db, raw } = tx;
  await tx.commit();
  await assert.rejects(
    db.selectFrom("accounts").selectAll().execute(),
    code("transaction_settled"),
  );
  await assert.rejects(raw.query("select 1"), code("transaction_settled"));
  await assert.rejects(tx.commit(), code("transaction_settled"));
});

test("hooks run inside before the commit, and outside after it", async () => {
  const order: string[] = [];
  const tx = database.transaction(soon());
  tx.beforeCommit(async (same) => {
    order.push(`before, open: ${same.isOpen}`);
    await same.db.insertInto("accounts").values({ id: 7, name: "hook", balance: 0 }).execute();
  });
  tx.afterCommit(async () => void order.push(`after: ${(await names()).join()}`));
  await tx.commit();
  assert.deepEqual(order, ["before, open: false", "after: hook"]);
});

test("what a hook throws after the commit is reported, and changes nothing", async () => {
  const errors: unknown[] = [];
  const tx = database.transaction({ ...soon(), onAfterCommitError: (error) => errors.push(error) });
  await tx.db.insertInto("accounts").values({ id: 1, name: "a", balance: 0 }).execute();
  const late = new Error("too late");
  tx.afterCommit(() => Promise.reject(late));
  await tx.commit();
  assert.deepEqual(errors, [late]);
  assert.deepEqual(await names(), ["a"]);
});

test("a hook that fails rolls everything back", async () => {
  const tx = database.transaction(soon());
  await tx.db.insertInto("accounts").values({ id: 1, name: "a", balance: 0 }).execute();
  tx.beforeCommit(() => {
    throw new Error("no");
  });
  tx.afterCommit(() => assert.fail("it was not committed"));
  await assert.rejects(tx.commit(), /^Error: no$/);
  assert.deepEqual(await names(), []);
});

test("the deadline ends a statement that takes longer, and what was done before", async () => {
  const tx = database.transaction(soon(100));
  await tx.db.insertInto("accounts").values({ id: 1, name: "a", balance: 0 }).execute();
  await assert.rejects(tx.raw.query("select pg_sleep(20)"), (error: KerfError) => {
    assert.equal(error.code, "deadline_exceeded");
    assert.equal(error.retry, "not-executed");
    assert.equal(sqlState(error.cause), "25P04", "the server itself has ended it");
    return true;
  });
  await tx.rollback();
  assert.deepEqual(await names(), []);
});

test("the deadline ends a transaction whose handler does nothing, and frees its locks", async () => {
  const tx = database.transaction(soon(50));
  await tx.db.insertInto("accounts").values({ id: 1, name: "a", balance: 0 }).execute();
  // Waits for the lock on the unique key, until the server ends the first one.
  const other = database.transaction(soon());
  await other.db.insertInto("accounts").values({ id: 1, name: "b", balance: 0 }).execute();
  await other.commit();
  await assert.rejects(tx.commit());
  assert.deepEqual(await names(), ["b"]);
});

test("conflicts are told as such: nothing was done, send it again", async () => {
  await withConnection(service.app, "test", async (client) =>
    client.query("insert into accounts values (1, 'a', 0), (2, 'b', 0)"),
  );
  const options = () => ({ ...soon(), isolation: "serializable" as const });
  const [one, two] = [database.transaction(options()), database.transaction(options())];
  for (const tx of [one, two]) await tx.raw.query("select sum(balance) from accounts");
  await one.raw.query("update accounts set balance = 1 where id = 1");
  await two.raw.query("update accounts set balance = 1 where id = 2");
  await one.commit();
  await assert.rejects(
    two.commit(),
    (error: KerfError) => error.code === "conflict" && error.retry === "not-executed",
  );
});

test("a deadlock is a conflict of one of the two", async () => {
  await withConnection(service.app, "test", async (client) =>
    client.query("insert into accounts values (1, 'a', 0), (2, 'b', 0)"),
  );
  const [one, two] = [database.transaction(soon(10_000)), database.transaction(soon(10_000))];
  await one.raw.query("update accounts set balance = 1 where id = 1");
  await two.raw.query("update accounts set balance = 1 where id = 2");
  const results = await Promise.allSettled([
    one.raw.query("update accounts set balance = 2 where id = 2"),
    two.raw.query("update accounts set balance = 2 where id = 1").then(() => two.commit()),
  ]);
  const failed = results.filter((result) => result.status === "rejected");
  assert.equal(failed.length, 1);
  assert.ok(code("conflict")(failed[0]?.reason));
  await Promise.all([one.rollback(), two.rollback()]);
});

test("a query reads, and cannot write", async () => {
  await withConnection(service.app, "test", async (client) =>
    client.query("insert into accounts values (1, 'a', 9007199254740991)"),
  );
  const reads = database.reads(soon());
  assert.deepEqual(await reads.db.selectFrom("accounts").selectAll().execute(), [
    { id: 1, name: "a", balance: 9007199254740991 },
  ]);
  assert.equal((await drizzle(reads.raw).select().from(accounts)).length, 1);
  await assert.rejects(reads.db.deleteFrom("accounts").execute(), code("write_in_query"));
  await assert.rejects(
    reads.raw.query("select * from accounts for update"),
    code("write_in_query"),
  );
  await assert.rejects(reads.raw.query("begin"), code("transaction_control"));
  await assert.rejects(
    reads.raw.query("select 1; commit; delete from accounts"),
    (error) => sqlState(error) === "42601",
  );
  await assert.rejects(reads.raw.query("set transaction read write"), code("transaction_control"));
  await assert.rejects(
    reads.db.transaction().execute(async () => undefined),
    code("transaction_control"),
  );
  assert.deepEqual(await names(), ["a"]);
});

test("a query ends at its deadline, and its connection serves the next one", async () => {
  await assert.rejects(
    database.reads(soon(50)).raw.query("select pg_sleep(20)"),
    code("deadline_exceeded"),
  );
  assert.deepEqual(await names(), []);
});

test("a bigint that JavaScript cannot hold is an error, not another number", async () => {
  await assert.rejects(
    database.reads(soon()).raw.query("select 9007199254740993::bigint"),
    code("invalid_output"),
  );
  const { rows } = await database
    .reads(soon())
    .raw.query(
      "select array[1::bigint] as a, 1.10::numeric as n, array[1.10::numeric] as m, date '2026-01-31' as d",
    );
  assert.deepEqual(rows, [{ a: [1], n: "1.10", m: ["1.10"], d: "2026-01-31" }]);
});
