import assert from "node:assert/strict";
import { test } from "node:test";
import { command, contract, error, optional, query, safe, stream } from "@kerf/contract";
import { type Generated, postgres } from "@kerf/data";
import type { KerfError } from "@kerf/kernel";
import { z } from "zod";
import { app } from "./app.ts";
import { service } from "./service.ts";
import { usesOf } from "./uses.ts";

const stock = contract("stock", {
  version: "1.0.0",
  operations: {
    level: query({
      input: z.object({ sku: z.string() }),
      output: z.object({ available: z.number() }),
      errors: { unknown: error() },
    }),
  },
});

const orders = contract("orders", {
  version: "1.0.0",
  operations: {
    place: command({
      input: z.object({ sku: z.string(), quantity: z.string().transform(Number) }),
      output: z.object({ id: z.string() }),
      errors: { soldOut: error({ data: z.object({ left: z.number() }) }), closed: error() },
    }),
    count: query({
      access: "public",
      input: z.object({}),
      output: z.object({ count: z.number() }),
    }),
    each: stream({ access: "public", input: z.object({}), output: z.object({ id: z.string() }) }),
  },
});

interface Tables {
  orders: { id: Generated<string>; sku: string };
}

test("handlers know their input, tables, errors, clients and principal without being told", () => {
  const declared = service(orders, {
    owner: "test",
    database: postgres<Tables>({ migrations: "/nowhere" }),
    uses: { stock: optional(stock) },
  }).implement({
    async place({ input, db, errors, clients, principal, issuer }) {
      const quantity: number = input.quantity;
      // @ts-expect-error the contract has no such field
      void input.colour;
      // @ts-expect-error the contract declares no such error
      void errors.notFound;
      // @ts-expect-error this error carries data
      void (() => errors.soldOut());
      // @ts-expect-error the service does not declare that it uses orders
      void clients.orders;
      // @ts-expect-error the database has no such table
      void (() => db.selectFrom("customers"));
      const subject: string = principal.subject;
      const { ok, value, error: failed } = await safe(clients.stock.level({ sku: input.sku }));
      if (!ok && failed.code === "unknown") throw errors.closed();
      if ((value?.available ?? 0) < quantity) throw errors.soldOut({ left: value?.available ?? 0 });
      void (() => issuer.sign({ subject }));
      return db
        .insertInto("orders")
        .values({ sku: input.sku })
        .returning("id")
        .executeTakeFirstOrThrow();
    },
    count: ({ principal }) => {
      // @ts-expect-error a public operation may have no principal
      void principal.subject;
      return { count: 0 };
    },
    // @ts-expect-error items of the stream have an id
    each: async function* () {
      yield { name: "no id" };
    },
  });
  assert.equal(declared.name, "orders");
  assert.deepEqual(usesOf(declared), [
    { key: "stock", contract: stock, optional: true, fallback: {} },
  ]);
});

test("an implementation that does not fit its contract is refused with all that is wrong", () => {
  const declared = service(orders, { owner: "test" });
  assert.throws(() => declared.handlers, /has no handlers/);
  assert.throws(
    () => declared.implement({ place: () => ({ id: "1" }), other: () => 1 } as never),
    (thrown: KerfError) => {
      assert.equal(thrown.code, "invalid_app");
      assert.match(
        thrown.message,
        /count has no handler; each has no handler; other is no operation/,
      );
      return true;
    },
  );
});

test("a worker needs a name of its own and a pause", () => {
  const run = async (): Promise<void> => {};
  const declared = service(stock, { owner: "test" }).worker("sweep", { everyMs: 10, run });
  assert.throws(() => declared.worker("sweep", { everyMs: 10, run }), /is declared twice/);
  assert.throws(() => declared.worker("other", { everyMs: 0, run }), /needs everyMs of at least 1/);
});

test("an app's name is checked where it is declared", () => {
  assert.throws(() => app("My App", { services: {} }), { code: "invalid_app" });
});
