import { postgres, service } from "kerf";
import { links } from "./contract.ts";

interface Tables {
  links: { code: string; url: string; owner: string };
}

export default service(links, {
  owner: "links-team",
  database: postgres<Tables>({ migrations: new URL("./migrations", import.meta.url) }),
}).implement({
  async add({ input, db, errors, principal }) {
    const added = await db
      .insertInto("links")
      .values({ ...input, owner: principal.subject })
      .onConflict((conflict) => conflict.doNothing())
      .returning(["code", "url"])
      .executeTakeFirst();
    if (added === undefined) throw errors.taken();
    return added;
  },

  async get({ input, db, errors }) {
    const link = await db
      .selectFrom("links")
      .select(["code", "url"])
      .where("code", "=", input.code)
      .executeTakeFirst();
    if (link === undefined) throw errors.unknown();
    return link;
  },
});
