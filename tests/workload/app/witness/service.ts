import { postgres, service, sql } from "kerf";
import { orders } from "shop/orders/contract";
import { counters } from "../counters/contract.ts";
import { witness } from "./contract.ts";

export const witnessService = service(witness, {
  owner: "chaos",
  database: postgres({ migrations: new URL("./migrations", import.meta.url) }),
});

witnessService.implement({});

// Nothing is unique in what it writes: an event that is applied twice stands there twice.
witnessService.on(orders, {
  async ended({ event: { key, payload }, db }) {
    await sql`INSERT INTO seen (producer, key, what) VALUES ('orders', ${key}, ${payload.status})`.execute(
      db,
    );
  },
});
witnessService.on(counters, {
  async bumped({ event: { key, payload }, db }) {
    await sql`INSERT INTO seen (producer, key, what) VALUES ('counters', ${key}, ${String(payload.n)})`.execute(
      db,
    );
  },
});

export default witnessService;
