import { postgres, service, sql } from "kerf";
import { catalog } from "../catalog/contract.ts";
import { search } from "./contract.ts";
import type { Tables } from "./tables.generated.ts";

export const searchService = service(search, {
  owner: "discovery-team",
  database: postgres<Tables>({ migrations: new URL("./migrations", import.meta.url) }),
  uses: { catalog },
});

searchService.implement({
  async find({ input, db }) {
    const words = sql`websearch_to_tsquery('english', ${input.q})`;
    const items = await db
      .selectFrom("documents")
      .select(["sku", "name"])
      .where(sql<boolean>`words @@ ${words}`)
      .orderBy(sql`ts_rank(words, ${words})`, "desc")
      .orderBy("sku")
      .limit(input.limit)
      .execute();
    return { items };
  },

  async index({ input, db }) {
    if (input.products.length === 0) return { changed: 0 };
    const result = await db
      .insertInto("documents")
      .values(input.products)
      .onConflict((conflict) =>
        conflict
          .column("sku")
          .doUpdateSet((row) => ({
            name: row.ref("excluded.name"),
            description: row.ref("excluded.description"),
          }))
          .where(
            sql<boolean>`(documents.name, documents.description) IS DISTINCT FROM (excluded.name, excluded.description)`,
          ),
      )
      .executeTakeFirst();
    return { changed: Number(result.numInsertedOrUpdatedRows ?? 0) };
  },
});

/** Where the reading of the catalogue is; starting over costs nothing, since what has not changed is left alone. */
let cursor: string | undefined;

/** Reads the catalogue a page at a time. Once events exist, the index follows them instead. */
searchService.worker("follow-catalog", {
  everyMs: 5_000,
  async run({ clients, self, log }) {
    const page = await clients.catalog.list(
      cursor === undefined ? { limit: 100 } : { limit: 100, cursor },
    );
    const products = page.items.map(({ sku, name, description }) => ({ sku, name, description }));
    const { changed } = await self.index({ products });
    if (changed > 0) log.info("took products into the index", { changed });
    cursor = page.next;
    return cursor !== undefined;
  },
});

export default searchService;
