import { postgres, service } from "kerf";
import { catalog } from "./contract.ts";
import type { Tables } from "./tables.generated.ts";

export const catalogService = service(catalog, {
  owner: "catalog-team",
  database: postgres<Tables>({ migrations: new URL("./migrations", import.meta.url) }),
});

const columns = ["sku", "name", "description", "price_amount", "price_currency"] as const;

interface Row {
  sku: string;
  name: string;
  description: string;
  price_amount: number;
  price_currency: string;
}

function product(row: Row) {
  return {
    sku: row.sku,
    name: row.name,
    description: row.description,
    price: { amount: row.price_amount, currency: row.price_currency },
  };
}

catalogService.implement({
  async list({ input, db }) {
    let page = db
      .selectFrom("products")
      .select(columns)
      .orderBy("sku")
      .limit(input.limit + 1);
    if (input.cursor !== undefined) page = page.where("sku", ">", input.cursor);
    const rows = await page.execute();
    const items = rows.slice(0, input.limit).map(product);
    const last = items.at(-1);
    return rows.length > input.limit && last !== undefined ? { items, next: last.sku } : { items };
  },

  async get({ input, db, errors }) {
    const row = await db
      .selectFrom("products")
      .select(columns)
      .where("sku", "=", input.sku)
      .executeTakeFirst();
    if (row === undefined) throw errors.notFound({ sku: input.sku });
    return product(row);
  },

  async lookup({ input, db }) {
    if (input.skus.length === 0) return { items: [] };
    const rows = await db
      .selectFrom("products")
      .select(columns)
      .where("sku", "in", input.skus)
      .orderBy("sku")
      .execute();
    return { items: rows.map(product) };
  },

  async put({ input, db, emit }) {
    const { sku, name, description, price } = input;
    const values = {
      name,
      description,
      price_amount: price.amount,
      price_currency: price.currency,
    };
    await db
      .insertInto("products")
      .values({ sku, ...values })
      .onConflict((conflict) => conflict.column("sku").doUpdateSet(values))
      .execute();
    emit.changed(input);
    return { sku };
  },

  async featured({ input, db }) {
    const rows = await db
      .selectFrom("products")
      .select(columns)
      .where("featured", "=", true)
      .orderBy("sku")
      .limit(input.limit)
      .execute();
    return { items: rows.map(product) };
  },
});

export default catalogService;
