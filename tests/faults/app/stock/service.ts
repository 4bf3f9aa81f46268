import { postgres, service, sql } from "kerf";
import { workOf } from "../work.ts";
import { stock } from "./contract.ts";

const work = workOf("stock");

export const stockService = service(stock, {
  owner: "faults",
  database: postgres({ migrations: new URL("./migrations", import.meta.url) }),
});

stockService.implement({
  async level({ input: { sku } }) {
    await work();
    return { sku, level: sku.length };
  },

  async take({ input: { sku }, db }) {
    await work();
    const { rows } = await sql<{ taken: number }>`
      INSERT INTO takings AS t (sku, taken) VALUES (${sku}, 1)
      ON CONFLICT (sku) DO UPDATE SET taken = t.taken + 1 RETURNING taken`.execute(db);
    return { sku, level: rows[0]?.taken ?? 0 };
  },
});

export default stockService;
