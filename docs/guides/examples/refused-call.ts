// A handler that Kerf refuses, and what it does instead.
import { command, contract } from "kerf/contract";
import { postgres, service } from "kerf";
import { z } from "zod";
import { labels } from "./labels/contract.ts";
import type { Tables } from "./notes/tables.generated.ts";

const Text = z.object({ text: z.string() });

export const drafts = contract("drafts", {
  version: "1.0.0",
  operations: {
    refused: command({ access: "public", input: Text, output: z.object({}) }),
    works: command({ access: "public", input: Text, output: z.object({}) }),
  },
});

export default service(drafts, {
  owner: "notes-team",
  database: postgres<Tables>({ migrations: new URL("./notes/migrations", import.meta.url) }),
  uses: { labels },
}).implement({
  async refused({ input, clients, db }) {
    const { id } = await db
      .insertInto("notes")
      .values({ text: input.text, label: "" })
      .returning("id")
      .executeTakeFirstOrThrow();
    // The transaction is open: this throws call_in_transaction, and the note is rolled back.
    const { label } = await clients.labels.suggest(input);
    await db.updateTable("notes").set({ label }).where("id", "=", id).execute();
    return {};
  },

  async works({ input, clients, db }) {
    const { label } = await clients.labels.suggest(input);
    await db.insertInto("notes").values({ text: input.text, label }).execute();
    return {};
  },
});
