import { type Kysely, postgres, service, sql } from "kerf";
import * as z from "zod";
import { payments } from "./contract.ts";
import { book } from "./ledger.ts";
import { askProvider } from "./provider.ts";
import type { Tables } from "./tables.generated.ts";

export const paymentsService = service(payments, {
  owner: "payments-team",
  // Money has a server of its own: whatever happens to the other databases does not happen to this one.
  database: postgres<Tables>({
    migrations: new URL("./migrations", import.meta.url),
    server: "payments",
  }),
  config: z.object({
    largestCharge: z.int().min(1).default(1_000_000).describe("what is beyond is declined, cents"),
  }),
  secrets: { providerKey: { development: "no account" } },
});

paymentsService.implement({
  async authorise({ input, db, emit, config, secrets }) {
    const { orderId, total } = input;
    const charge = { method: input.method, amount: total.amount };
    const state =
      charge.amount > config.largestCharge ? "declined" : askProvider(secrets.providerKey, charge);
    const created = await db
      .insertInto("payments")
      .values({ order_id: orderId, state, amount: total.amount, currency: total.currency })
      .onConflict((conflict) => conflict.column("order_id").doNothing())
      .returning("order_id")
      .executeTakeFirst();
    if (created === undefined) return { state: (await locked(db, orderId))?.state ?? state };
    if (state === "authorised")
      await book(db, { orderId, movement: "authorised", from: "customers", to: "holds", ...total });
    emit.moved({ orderId, state, amount: total.amount });
    return { state };
  },

  async capture({ input, db, emit, errors }) {
    const payment = await locked(db, input.orderId);
    if (payment === undefined) throw errors.noPayment();
    if (payment.state === "captured") return { state: "captured" };
    if (payment.state !== "authorised") throw errors.notAuthorised({ state: payment.state });
    await enter(db, input.orderId, "captured");
    await book(db, {
      orderId: input.orderId,
      movement: "captured",
      from: "holds",
      to: "sales",
      amount: payment.amount,
      currency: payment.currency,
    });
    emit.moved({ orderId: input.orderId, state: "captured", amount: payment.amount });
    return { state: "captured" };
  },

  async void({ input, db, emit }) {
    const payment = await locked(db, input.orderId);
    if (payment?.state !== "authorised") return { voided: false };
    await enter(db, input.orderId, "voided");
    await book(db, {
      orderId: input.orderId,
      movement: "voided",
      from: "holds",
      to: "customers",
      amount: payment.amount,
      currency: payment.currency,
    });
    emit.moved({ orderId: input.orderId, state: "voided", amount: payment.amount });
    return { voided: true };
  },

  async get({ input, db, errors }) {
    const payment = await db
      .selectFrom("payments")
      .select(["state", "amount", "currency"])
      .where("order_id", "=", input.orderId)
      .executeTakeFirst();
    if (payment === undefined) throw errors.noPayment();
    return { state: payment.state, total: { amount: payment.amount, currency: payment.currency } };
  },

  async charges({ input: { after, limit }, db }) {
    // In the order of code units, as whoever compares walks them.
    const order = sql<string>`order_id COLLATE "C"`;
    let page = db
      .selectFrom("payments")
      .select(["order_id", "state", "amount", "changed_at"])
      .where("state", "in", ["authorised", "captured"])
      .orderBy(order)
      .limit(limit);
    if (after !== undefined) page = page.where(order, ">", after);
    const rows = await page.execute();
    return {
      items: rows.map(({ order_id, state, amount, changed_at }) => ({
        orderId: order_id,
        state,
        amount,
        changedAt: changed_at.toISOString(),
      })),
    };
  },

  async ledger({ db }) {
    const accounts = await db
      .selectFrom("ledger_entries")
      .select(["account", "currency", sql<number>`sum(amount)::int`.as("balance")])
      .groupBy(["account", "currency"])
      .orderBy("account")
      .orderBy("currency")
      .execute();
    return { accounts };
  },
});

function locked(db: Kysely<Tables>, orderId: string) {
  return db
    .selectFrom("payments")
    .select(["state", "amount", "currency"])
    .where("order_id", "=", orderId)
    .forUpdate()
    .executeTakeFirst();
}

async function enter(
  db: Kysely<Tables>,
  orderId: string,
  state: "captured" | "voided",
): Promise<void> {
  await db
    .updateTable("payments")
    .set({ state, changed_at: sql`now()` })
    .where("order_id", "=", orderId)
    .execute();
}

export default paymentsService;
