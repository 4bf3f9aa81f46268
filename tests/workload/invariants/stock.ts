import type { Invariant } from "./invariant.ts";

/** What left the stock is what confirmed orders bought, and nothing is kept for anybody any more. */
export const stock: Invariant = async ({ sql, stockBefore }) => {
  const rows = await sql<{ sku: string; on_hand: number; reserved: number; shipped: number }>(
    "inventory",
    `select s.sku, s.on_hand, s.reserved, coalesce(sum(l.quantity) filter (where r.state = 'shipped'), 0)::int as shipped
      from stock s left join reservation_lines l using (sku) left join reservations r using (order_id)
      group by s.sku, s.on_hand, s.reserved`,
  );
  const sold = await sql<{ sku: string; quantity: number }>(
    "orders",
    `select sku, sum(quantity)::int as quantity from order_lines l join orders o on o.id = l.order_id
      where o.status = 'confirmed' group by sku`,
  );
  const soldOf = new Map(sold.map(({ sku, quantity }) => [sku, quantity]));
  const reservations = await sql<{ order_id: string; state: string; lines: string }>(
    "inventory",
    `select r.order_id, r.state::text, coalesce(string_agg(l.sku || ':' || l.quantity, ' ' order by l.sku collate "C"), '') as lines
      from reservations r left join reservation_lines l using (order_id) group by 1, 2`,
  );
  const orders = await sql<{ id: string; status: string; lines: string }>(
    "orders",
    `select o.id::text, o.status::text, string_agg(l.sku || ':' || l.quantity, ' ' order by l.sku collate "C") as lines
      from orders o join order_lines l on l.order_id = o.id group by 1, 2`,
  );
  const reservationOf = new Map(reservations.map((each) => [each.order_id, each]));
  return [
    {
      holds: "stock is what there was less what was sold",
      checked: rows.length,
      violations: rows
        .map((row) => ({
          ...row,
          before: stockBefore.get(row.sku),
          sold: soldOf.get(row.sku) ?? 0,
        }))
        .filter(
          ({ before, on_hand, sold: bought, shipped }) =>
            on_hand !== (before ?? 0) - bought || shipped !== bought,
        ),
    },
    {
      holds: "nothing is reserved any more",
      checked: rows.length + reservations.length,
      violations: [
        ...rows.filter(({ reserved }) => reserved !== 0),
        ...reservations.filter(({ state }) => state === "held"),
      ],
    },
    {
      holds: "what was shipped is what a confirmed order has on its lines",
      checked: orders.length,
      violations: orders
        .map((order) => ({ order, reservation: reservationOf.get(order.id) }))
        .filter(({ order, reservation }) =>
          order.status === "confirmed"
            ? reservation?.state !== "shipped" || reservation.lines !== order.lines
            : reservation?.state === "shipped",
        ),
    },
  ];
};
