import { service } from "@kerf/service";
import { mirror, wallet } from "./contracts.ts";
import { database, owner } from "./declared.ts";

/** Its table is filled from what the wallet says, one account a transaction, and follows its events from there. */
export const mirrorService = service(mirror, {
  owner,
  database: database("mirror"),
  uses: { wallet },
});
mirrorService.implement({});
mirrorService.readModel(wallet, {
  tables: ["holding"],
  async seed({ clients, write }) {
    const attempt = await write(async ({ raw }) => {
      const { rows } = await raw.query<{ n: number }>(
        "insert into public.attempt default values returning n",
      );
      return rows[0]?.n;
    });
    if (attempt === 1) throw new TypeError("a bug in the seed");
    for (const { name, paid } of await clients.wallet.accounts({})) {
      await write(({ raw }) =>
        // The table of either schema: that which is being built is found first.
        raw.query("insert into holding (name, paid) values ($1, $2) /* public.holding */", [
          name,
          paid,
        ]),
      );
    }
  },
  on: {
    async paid({ event: { payload }, raw }) {
      await raw.query(
        `insert into holding (name, paid) values ($1, $2)
          on conflict (name) do update set paid = excluded.paid /* public.holding */`,
        [payload.account, payload.paid],
      );
    },
  },
});
