import type { Invariant } from "./invariant.ts";

interface Payment {
  order_id: string;
  state: string;
  amount: number;
  movements: string[];
  customers: number;
  holds: number;
  sales: number;
}

interface Order {
  id: string;
  status: string;
  total_amount: number;
}

/** The movements of a payment that ended in this state. */
const movements: Readonly<Record<string, readonly string[]>> = {
  captured: ["authorised", "captured"],
  voided: ["authorised", "voided"],
  declined: [],
};

/** Money is constant; what was captured is what the confirmed orders cost; nobody else paid anything. */
export const money: Invariant = async ({ sql }) => {
  const sums = await sql<{ movement: string; order_id: string; sum: number; entries: number }>(
    "payments",
    `select order_id, movement::text, sum(amount)::int as sum, count(*)::int as entries
      from ledger_entries group by 1, 2`,
  );
  const payments = await sql<Payment>(
    "payments",
    `select p.order_id, p.state::text, p.amount,
        array(select distinct movement::text from ledger_entries l where l.order_id = p.order_id order by 1) as movements,
        coalesce(sum(e.amount) filter (where e.account = 'customers'), 0)::int as customers,
        coalesce(sum(e.amount) filter (where e.account = 'holds'), 0)::int as holds,
        coalesce(sum(e.amount) filter (where e.account = 'sales'), 0)::int as sales
      from payments p left join ledger_entries e using (order_id) group by p.order_id, p.state, p.amount`,
  );
  const orders = await sql<Order>(
    "orders",
    "select id::text, status::text, total_amount from orders",
  );
  const byOrder = new Map(payments.map((payment) => [payment.order_id, payment]));
  const known = new Set(orders.map(({ id }) => id));
  return [
    {
      holds: "money is constant: every movement sums to nothing, in two entries",
      checked: sums.length,
      violations: sums.filter(({ sum, entries }) => sum !== 0 || entries !== 2),
    },
    {
      holds: "every payment has ended, and its entries are those of its end, once",
      checked: payments.length,
      violations: payments.filter((payment) => {
        const paid = payment.state === "captured" ? payment.amount : 0;
        return (
          payment.movements.join() !== movements[payment.state]?.join() ||
          payment.customers !== -paid ||
          payment.holds !== 0 ||
          payment.sales !== paid
        );
      }),
    },
    {
      holds: "a confirmed order is captured at its total; a rejected one costs nothing",
      checked: orders.length,
      violations: orders
        .map((order) => ({ order, payment: byOrder.get(order.id) }))
        .filter(({ order, payment }) =>
          order.status === "confirmed"
            ? payment?.state !== "captured" || payment.amount !== order.total_amount
            : payment !== undefined && payment.state !== "voided" && payment.state !== "declined",
        ),
    },
    {
      holds: "no payment without an order",
      checked: payments.length,
      violations: payments.filter(({ order_id }) => !known.has(order_id)),
    },
  ];
};
