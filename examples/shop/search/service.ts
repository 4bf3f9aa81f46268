import { type Kysely, postgres, service, sql } from "kerf";
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
});

/** The index follows the catalogue: filled from its pages once, then by what changes. */
searchService.readModel(catalog, {
  tables: ["documents"],
  async seed({ clients, write }) {
    let cursor: string | undefined;
    do {
      const page = await clients.catalog.list({ limit: 100, ...(cursor && { cursor }) });
      await write(({ db }) => index(db, page.items));
      cursor = page.next;
    } while (cursor !== undefined);
  },
  on: {
    changed: ({ event, db }) => index(db, [event.payload]),
  },
});

async function index(
  db: Kysely<Tables>,
  products: readonly { sku: string; name: string; description: string }[],
): Promise<void> {
  if (products.length === 0) return;
  await db
    .insertInto("documents")
    .values(products.map(({ sku, name, description }) => ({ sku, name, description })))
    .onConflict((conflict) =>
      conflict.column("sku").doUpdateSet((row) => ({
        name: row.ref("excluded.name"),
        description: row.ref("excluded.description"),
      })),
    )
    .execute();
}

export default searchService;
