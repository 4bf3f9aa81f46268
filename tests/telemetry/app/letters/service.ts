import { postgres, service, sql } from "kerf";
import { people } from "../people/contract.ts";
import { letters } from "./contract.ts";

export const lettersService = service(letters, {
  owner: "privacy",
  database: postgres({ migrations: new URL("./migrations", import.meta.url) }),
});

lettersService.on(people, {
  async kept({ event, db, log }) {
    const { id, mishap, secret } = event.payload;
    log.info(`a letter to ${secret}`, { event });
    if (mishap === "event") throw new Error(`nobody lives at ${secret}`);
    await sql`INSERT INTO letters (id) VALUES (${id})`.execute(db);
  },
});

lettersService.implement({
  async count({ db }) {
    const { rows } = await sql<{
      letters: number;
    }>`SELECT count(*)::int AS letters FROM letters`.execute(db);
    return { letters: rows[0]?.letters ?? 0 };
  },
});

export default lettersService;
