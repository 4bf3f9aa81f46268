import { service } from "@kerf/service";
import type { PoolClient } from "pg";
import { mirror, wallet } from "./contracts.ts";
import { database, owner } from "./declared.ts";

/** What the new tables get to later than those that serve: the event that brings this account to so much. */
export const late = { account: "eve", paid: 10 } as const;
/** An attempt that no seed makes: with it the seed of a rebuild waits until that event is in the tables that serve. */
export const waitForLate = -1;
/** How long it takes them, seconds: longer than the tables that serve are held still. */
const lateS = 3;

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
    if (attempt !== undefined && attempt > 2) while (!(await write(isLateThere)));
  },
  on: {
    async paid({ event: { payload }, raw }) {
      if (payload.account === late.account && payload.paid === late.paid) {
        await raw.query(
          `select pg_sleep($1) where 'kerf_building' = any(current_schemas(false)) /* public.holding */`,
          [lateS],
        );
      }
      await raw.query(
        `insert into holding (name, paid) values ($1, $2)
          on conflict (name) do update set paid = excluded.paid /* public.holding */`,
        [payload.account, payload.paid],
      );
    },
  },
});

async function isLateThere({ raw }: { raw: PoolClient }): Promise<boolean> {
  const { rowCount } = await raw.query(
    `select where not exists (select from public.attempt where n = $1)
        or exists (select from public.holding where name = $2 and paid >= $3)`,
    [waitForLate, late.account, late.paid],
  );
  return rowCount === 1;
}
