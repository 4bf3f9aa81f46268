import { postgres, service, sql } from "kerf";
import { counters } from "./contract.ts";

export const countersService = service(counters, {
  owner: "chaos",
  database: postgres({ migrations: new URL("./migrations", import.meta.url) }),
});

countersService.implement({
  async bump({ input: { name, mark }, db, emit }) {
    const { rows } = await sql<{ n: number }>`
      INSERT INTO counters AS c (name, n) VALUES (${name}, 1)
      ON CONFLICT (name) DO UPDATE SET n = c.n + 1 RETURNING n`.execute(db);
    const n = rows[0]?.n ?? 0;
    await sql`INSERT INTO bumps (name, n, mark) VALUES (${name}, ${n}, ${mark})`.execute(db);
    emit.bumped({ name, n, mark });
    return { name, n };
  },
});

export default countersService;
