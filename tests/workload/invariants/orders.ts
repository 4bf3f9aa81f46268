import type { OrderIntent } from "../load/journal.ts";
import type { Invariant } from "./invariant.ts";

interface Order {
  id: string;
  user_id: string;
  status: string;
  reason: string | null;
  payment_method: string;
  lines: string;
}

/** What clients ordered, and what became of it: once each, with an end, and nothing else. */
export const orders: Invariant = async ({ sql, journal }) => {
  const rows = await sql<Order>(
    "orders",
    `select o.id::text, o.user_id, o.status::text, o.reason, o.payment_method,
        string_agg(l.sku || ':' || l.quantity, ' ' order by l.sku collate "C") as lines
      from orders o join order_lines l on l.order_id = o.id group by o.id`,
  );
  const states = await sql<{ order_id: string; way: string; whole: boolean }>(
    "orders",
    `select order_id::text, string_agg(status::text, ' ' order by sequence) as way,
        min(sequence) = 1 and max(sequence) = count(*) as whole from order_states group by 1`,
  );
  const byId = new Map(rows.map((row) => [row.id, row]));
  const byLines = new Map<string, Order[]>();
  for (const row of rows) {
    const all = byLines.get(`${row.user_id} ${row.lines}`) ?? [];
    all.push(row);
    byLines.set(`${row.user_id} ${row.lines}`, all);
  }
  const intents = new Map(
    journal.orders.map((intent) => [`${intent.user} ${intent.lines}`, intent]),
  );
  const accepted = journal.orders.filter((intent) => intent.accepted.length > 0);
  return [
    {
      holds: "every order that a client was told to be accepted is there, as it was sent",
      checked: accepted.length,
      violations: accepted
        .map((intent) => ({ intent, order: byId.get(intent.accepted[0] as string) }))
        .filter(({ intent, order }) => order === undefined || !isThat(intent, order)),
    },
    {
      holds: "every order has ended",
      checked: rows.length,
      violations: rows.filter(({ status }) => status !== "confirmed" && status !== "rejected"),
    },
    {
      holds: "an order is there once for what a client sent, whatever it was answered",
      checked: journal.orders.length,
      violations: [...byLines.values()].filter((all) => all.length > 1),
    },
    {
      holds: "no order is there that no client sent, or that was refused",
      checked: rows.length,
      violations: rows
        .map((order) => ({ order, intent: intents.get(`${order.user_id} ${order.lines}`) }))
        .filter(({ intent }) => intent === undefined || intent.refused.length > 0),
    },
    {
      holds: "a declined card rejects an order, a good one only for want of goods",
      checked: rows.length,
      violations: rows.filter(({ status, reason, payment_method }) =>
        payment_method === "card-ok"
          ? status === "rejected" && reason !== "out of stock: workbench"
          : status === "confirmed",
      ),
    },
    {
      holds: "every order went its way state by state",
      checked: states.length,
      violations: states.filter(({ way, whole }) => !whole || !ways.test(way)),
    },
  ];
};

const ways = /^pending( reserved authorised confirmed|( reserved( authorised)?)? rejected)$/;

function isThat(intent: OrderIntent, order: Order): boolean {
  return (
    order.user_id === intent.user &&
    order.lines === intent.lines &&
    order.payment_method === intent.method
  );
}
