import { pgTable, text } from "drizzle-orm/pg-core";
import { drizzle } from "drizzle-orm/node-postgres";
import { postgres, service } from "kerf";
import { labels } from "../labels/contract.ts";
import { notes } from "./contract.ts";
import type { Tables } from "./tables.generated.ts";

const usedLabels = pgTable("used_labels", { label: text().primaryKey() });

export default service(notes, {
  owner: "notes-team",
  database: postgres<Tables>({ migrations: new URL("./migrations", import.meta.url) }),
  uses: { labels },
}).implement({
  async add({ input, clients, db, raw }) {
    // Before the first statement: no transaction is open yet.
    const { label } = await clients.labels.suggest({ text: input.text });

    // Three ways to say SQL, one transaction: all of it is committed with the answer, or none.
    const note = await db
      .insertInto("notes")
      .values({ text: input.text, label })
      .returning(["id", "text", "label"])
      .executeTakeFirstOrThrow();
    await drizzle(raw).insert(usedLabels).values({ label }).onConflictDoNothing();
    await raw.query("UPDATE note_count SET notes = notes + 1");
    return note;
  },

  async get({ input, db, errors }) {
    const note = await db
      .selectFrom("notes")
      .select(["id", "text", "label"])
      .where("id", "=", input.id)
      .executeTakeFirst();
    if (note === undefined) throw errors.notFound({ id: input.id });
    return note;
  },
});
