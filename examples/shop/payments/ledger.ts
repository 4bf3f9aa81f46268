import type { Kysely } from "kerf";
import type { Tables } from "./tables.generated.ts";

type Account = Tables["ledger_entries"]["account"];
type Movement = Tables["ledger_entries"]["movement"];

/** A payment's money going from one account to another. */
export interface Transfer {
  orderId: string;
  movement: Movement;
  from: Account;
  to: Account;
  amount: number;
  currency: string;
}

/** Books a transfer as two entries that sum to nothing. */
export async function book(db: Kysely<Tables>, transfer: Transfer): Promise<void> {
  const common = {
    order_id: transfer.orderId,
    movement: transfer.movement,
    currency: transfer.currency,
  };
  await db
    .insertInto("ledger_entries")
    .values([
      { ...common, account: transfer.from, amount: -transfer.amount },
      { ...common, account: transfer.to, amount: transfer.amount },
    ])
    .execute();
}
