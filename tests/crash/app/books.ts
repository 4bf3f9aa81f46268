import { service } from "@kerf/service";
import { books, wallet } from "./contracts.ts";
import { database, owner } from "./declared.ts";
import { yearly } from "./diary.ts";

/** What is promised and not paid is paid by its reconciliation. */
export const booksService = service(books, {
  owner,
  database: database("books"),
  uses: { wallet },
});
booksService.implement({});
booksService.reconcile("promises", {
  at: { cron: yearly },
  settleMs: 0,
  async ours({ raw, after = "", limit }) {
    const { rows } = await raw.query<{ key: string }>(
      `select label collate "C" as key from public.promise where label collate "C" > $1
        order by label collate "C" limit $2`,
      [after, limit],
    );
    return rows;
  },
  async theirs({ clients, after = "", limit }) {
    const payments = await clients.wallet.payments({ after, limit });
    return payments.map(({ label }) => ({ key: label }));
  },
  async repair({ key, kind }, { clients }) {
    if (kind !== "missing there") return false;
    await clients.wallet.pay({ from: "ada", to: "ben", amount: 1, label: key });
    return true;
  },
});
