import assert from "node:assert/strict";
import { test } from "node:test";
import {
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
} from "kysely";
import { sql } from "./sql.ts";

const db = new Kysely<{ things: { id: number } }>({
  dialect: {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (kysely) => new PostgresIntrospector(kysely),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  },
});

test("the tag and its helpers are Kysely's own", () => {
  const { sql: text, parameters } =
    sql`select ${sql.ref("things.id")}, ${1}, ${sql.lit(2)} from ${sql.table("things")}`.compile(
      db,
    );
  assert.equal(text, 'select "things"."id", $1, 2 from "things"');
  assert.deepEqual(parameters, [1]);
});
