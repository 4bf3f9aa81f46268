import { type Generated, only, postgres, safe, service } from "kerf";
import { catalog } from "shop/catalog/contract";
import { reviews } from "./contract.ts";

interface Tables {
  reviews: { id: Generated<number>; sku: string; text: string };
}

export default service(reviews, {
  owner: "reviews-team",
  database: postgres<Tables>({ migrations: new URL("./migrations", import.meta.url) }),
  uses: { catalog: only(catalog, "get") },
}).implement({
  async of({ input, db, clients }) {
    const { name } = await clients.catalog.get({ sku: input.sku });
    const rows = await db
      .selectFrom("reviews")
      .select("text")
      .where("sku", "=", input.sku)
      .orderBy("id")
      .limit(100)
      .execute();
    return { product: name, reviews: rows.map(({ text }) => text) };
  },

  async add({ input, db, clients, errors }) {
    const { error } = await safe(clients.catalog.get({ sku: input.sku }));
    if (error?.code === "notFound") throw errors.notFound();
    if (error !== undefined) throw error;
    await db.insertInto("reviews").values({ sku: input.sku, text: input.text }).execute();
    return { sku: input.sku };
  },
});
