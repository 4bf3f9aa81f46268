import { postgres, service } from "kerf";
import { counts, journal } from "./contract.ts";

export default service(journal, {
  owner: "journal-team",
  database: postgres({ migrations: new URL("./migrations", import.meta.url) }),
})
  .implement({
    async write({ input, raw, emit }) {
      await raw.query("insert into entries (text) values ($1)", [input.text]);
      emit.added(input);
      return input;
    },
    async tags({ raw }) {
      const { rows } = await raw.query("select text, tag from tags order by text");
      return { tags: rows as { text: string; tag: string }[] };
    },
  })
  .on(counts, {
    async tagged({ event, raw }) {
      const { tag, text } = event.payload;
      await raw.query("insert into tags (text, tag) values ($1, $2)", [text, tag]);
    },
  });
