import { delay } from "kerf";
import { checkout } from "./checkout.ts";
import { ordersService } from "./declaration.ts";
import "./payments-agree.ts";
import { isFinal } from "./states.ts";

/** How often a watched order is looked at, milliseconds. */
const watchEveryMs = 100;

ordersService.implement({
  async place({ input, db, start, clients, principal, errors }) {
    const quantities = new Map<string, number>();
    for (const { sku, quantity } of input.items)
      quantities.set(sku, (quantities.get(sku) ?? 0) + quantity);
    // The price is asked for before the first statement: no transaction waits for another service.
    const { items: products } = await clients.catalog.lookup({ skus: [...quantities.keys()] });
    const unknown = [...quantities.keys()].filter(
      (sku) => !products.some((product) => product.sku === sku),
    );
    if (unknown.length > 0) throw errors.unknownProduct({ skus: unknown });

    const lines = products.map((product) => ({
      product,
      quantity: quantities.get(product.sku) ?? 0,
    }));
    const order = await db
      .insertInto("orders")
      .values({
        user_id: principal.subject,
        total_amount: lines.reduce(
          (sum, { product, quantity }) => sum + product.price.amount * quantity,
          0,
        ),
        currency: products[0]?.price.currency ?? "EUR",
        payment_method: input.payment.method,
      })
      .returning(["id", "status"])
      .executeTakeFirstOrThrow();
    await db
      .insertInto("order_lines")
      .values(
        lines.map(({ product, quantity }) => ({
          order_id: order.id,
          sku: product.sku,
          name: product.name,
          quantity,
          price_amount: product.price.amount,
        })),
      )
      .execute();
    await db
      .insertInto("order_states")
      .values({ order_id: order.id, sequence: 1, status: order.status })
      .execute();
    start(checkout, { orderId: order.id });
    return order;
  },

  async get({ input, db, principal, errors }) {
    const order = await db
      .selectFrom("orders")
      .selectAll()
      .where("id", "=", input.id)
      .where("user_id", "=", principal.subject)
      .executeTakeFirst();
    if (order === undefined) throw errors.notFound();
    const lines = await db
      .selectFrom("order_lines")
      .selectAll()
      .where("order_id", "=", order.id)
      .orderBy("sku")
      .execute();
    return {
      id: order.id,
      status: order.status,
      total: { amount: order.total_amount, currency: order.currency },
      items: lines.map((line) => ({
        sku: line.sku,
        quantity: line.quantity,
        name: line.name,
        price: { amount: line.price_amount, currency: order.currency },
      })),
      ...(order.reason === null ? undefined : { reason: order.reason }),
    };
  },

  async *watch({ input, db, principal, errors, after, clock, signal }) {
    const owned = await db
      .selectFrom("orders")
      .select("id")
      .where("id", "=", input.id)
      .where("user_id", "=", principal.subject)
      .executeTakeFirst();
    if (owned === undefined) throw errors.notFound();
    let seen = Number(after ?? 0) || 0;
    for (;;) {
      const states = await db
        .selectFrom("order_states")
        .select(["sequence", "status", "reason"])
        .where("order_id", "=", input.id)
        .where("sequence", ">", seen)
        .orderBy("sequence")
        .execute();
      for (const { sequence, status, reason } of states) {
        seen = sequence;
        yield { sequence, status, ...(reason === null ? undefined : { reason }) };
        if (isFinal(status)) return;
      }
      await delay(clock, watchEveryMs, signal);
    }
  },

  async recent({ input, db, principal }) {
    const rows = await db
      .selectFrom("orders")
      .select(["id", "status", "total_amount", "currency"])
      .where("user_id", "=", principal.subject)
      .orderBy("created_at", "desc")
      .limit(input.limit)
      .execute();
    return {
      items: rows.map((row) => ({
        id: row.id,
        status: row.status,
        total: { amount: row.total_amount, currency: row.currency },
      })),
    };
  },
});

export default ordersService;
