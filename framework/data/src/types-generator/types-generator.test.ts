import assert from "node:assert/strict";
import { join } from "node:path";
import { writeFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { type ConnectionConfig, withConnection } from "../connection.ts";
import { startTemporaryServer, type TemporaryServer } from "../embedded/temporary-server.ts";
import { provisionService } from "../provision.ts";
import { checkTypes, generateTypes } from "./index.ts";

let temporary: TemporaryServer;
let owner: ConnectionConfig;

before(async () => {
  temporary = await startTemporaryServer();
  ({ owner } = await provisionService(temporary.server.database, {
    service: "s",
    passwords: { owner: "o", app: "a" },
  }));
});

after(async () => temporary.stop());

async function run(sql: string): Promise<void> {
  await withConnection(owner, "test", async (client) => client.query(sql));
}

test("tables, views, enumerations, domains and arrays become types; the same schema always the same text", async () => {
  await run(`
    create type order_state as enum ('pending', 'confirmed');
    create domain email as text not null;
    create domain cents as bigint;
    create table orders (
      id uuid primary key default gen_random_uuid(),
      number bigint generated always as identity,
      state order_state not null default 'pending',
      states order_state[],
      buyer email,
      total cents not null,
      note text,
      tags text[] not null default '{}',
      rate numeric(10, 2),
      placed_at timestamptz not null default now(),
      seen_at timestamptz,
      times timestamptz[],
      due date,
      body jsonb not null,
      raw bytea,
      doubled bigint generated always as (total * 2) stored,
      "odd name" int
    );
    comment on table orders is 'What customers bought.';
    comment on column orders.total is 'In the smallest unit.';
    create table events (at timestamptz not null) partition by range (at);
    create table events_2026 partition of events for values from ('2026-01-01') to ('2027-01-01');
    create view order_totals as select id, total from orders;
    create table kerf_migrations ();
    create schema billing;
    create table billing.invoices (id int primary key);
  `);
  const text = await generateTypes(owner);
  assert.equal(
    text,
    `// Generated from the migrations by \`kerf db types\`; edits are lost.
import type { ColumnType, Generated } from "@kerf/data";

export type OrderState = "pending" | "confirmed";

export interface InvoicesTable {
  id: number;
}

export interface EventsTable {
  at: ColumnType<Date, Date | string, Date | string>;
}

export interface OrderTotalsTable {
  id: string | null;
  total: ColumnType<number | null, number | bigint | string | null, number | bigint | string | null>;
}

/** What customers bought. */
export interface OrdersTable {
  id: Generated<string>;
  number: ColumnType<number, never, never>;
  state: Generated<OrderState>;
  states: string | null;
  buyer: string;
  /** In the smallest unit. */
  total: ColumnType<number, number | bigint | string, number | bigint | string>;
  note: string | null;
  tags: Generated<string[]>;
  rate: ColumnType<string | null, string | number | null, string | number | null>;
  placed_at: ColumnType<Date, Date | string | undefined, Date | string>;
  seen_at: ColumnType<Date | null, Date | string | null, Date | string | null>;
  times: ColumnType<Date[] | null, (Date | string)[] | null, (Date | string)[] | null>;
  due: string | null;
  body: ColumnType<unknown, string, string>;
  raw: Buffer | null;
  doubled: ColumnType<number | null, never, never>;
  "odd name": number | null;
}

export interface Tables {
  "billing.invoices": InvoicesTable;
  events: EventsTable;
  order_totals: OrderTotalsTable;
  orders: OrdersTable;
}
`,
  );
  assert.equal(await generateTypes(owner), text);
});

test("drift is found, and said with the line", async () => {
  const file = join(temporary.directory, "tables.generated.ts");
  assert.match((await checkTypes(owner, file)).difference ?? "", /does not exist/);
  await writeFile(file, await generateTypes(owner));
  assert.equal((await checkTypes(owner, file)).upToDate, true);
  await run("alter table billing.invoices add column paid boolean not null default false");
  const check = await checkTypes(owner, file);
  assert.equal(check.upToDate, false);
  assert.match(
    check.difference ?? "",
    /tables\.generated\.ts:\d+\n- \}\n\+ {3}paid: Generated<boolean>;/,
  );
  await writeFile(file, check.expected);
  assert.equal((await checkTypes(owner, file)).upToDate, true);
});

test("a database without tables, and another package to import from", async () => {
  const { owner: empty } = await provisionService(temporary.server.database, {
    service: "empty",
    passwords: { owner: "o", app: "a" },
  });
  assert.equal(
    await generateTypes(empty, { importFrom: "kerf" }),
    "// Generated from the migrations by `kerf db types`; edits are lost.\n\nexport interface Tables {}\n",
  );
  await withConnection(empty, "test", async (client) => client.query("create table t (n serial)"));
  assert.match(
    await generateTypes(empty, { importFrom: "kerf" }),
    /import type \{ Generated \} from "kerf";/,
  );
});
