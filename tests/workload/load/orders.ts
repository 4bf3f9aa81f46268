import type { OrderIntent } from "./journal.ts";
import { prices } from "./browse.ts";
import type { Seen } from "./ask.ts";
import { mayBeTried, type Shopper } from "./shopper.ts";
import { watchOrder } from "./watch-order.ts";

/** Where an order can be, in the order in which it comes there. */
export const ranks: Readonly<Record<string, number>> = {
  pending: 0,
  reserved: 1,
  authorised: 2,
  confirmed: 3,
  rejected: 3,
};

/** How a client behaves when it orders. */
type Manner = "insists" | "sends twice at once" | "gives up" | "has no key" | "is wrong";
const manners: readonly Manner[] = [
  "insists",
  "insists",
  "insists",
  "sends twice at once",
  "gives up",
  "has no key",
  "is wrong",
];

/** Orders something that this shopper never ordered before, and looks what becomes of it. */
export async function order(shopper: Shopper): Promise<void> {
  const manner = shopper.pick(manners);
  if (manner === "is wrong") return orderNothing(shopper);
  const items = newItems(shopper);
  const method = shopper.random.next() < 0.2 ? "card-declined" : "card-ok";
  const intent: OrderIntent = {
    user: shopper.user,
    lines: linesOf(items),
    method,
    key: manner === "has no key" ? undefined : shopper.newKey(),
    accepted: [],
    refused: [],
    unknown: 0,
  };
  shopper.journal.orders.push(intent);
  const { key } = intent;
  const asked = {
    method: "POST",
    path: "/orders",
    body: { items, payment: { method } },
    ...(key === undefined ? undefined : { key }),
  } as const;
  const note = (seen: Seen): void => noteAnswer(shopper, intent, seen);
  if (manner === "gives up" || manner === "has no key") note(await shopper.ask(asked));
  else if (manner === "insists") await shopper.insist(asked, note);
  else await Promise.all([shopper.insist(asked, note), shopper.insist(asked, note)]);
  const [id] = intent.accepted;
  if (id === undefined) return;
  if (key !== undefined && shopper.random.next() < 0.3) await again(shopper, asked, note);
  if (shopper.random.next() < 0.3) await watchOrder(shopper, id);
  else await follow(shopper, id);
}

function noteAnswer({ journal }: Shopper, intent: OrderIntent, seen: Seen): void {
  if (mayBeTried(seen)) intent.unknown += 1;
  else if (seen.status === 202) {
    if (intent.accepted.length > 0 && !intent.accepted.includes(seen.body.id))
      journal.isWrong("two orders under one key", { intent, seen });
    intent.accepted.push(seen.body.id);
  } else {
    intent.refused.push(seen.kind);
    journal.isWrong("a good order was refused", { intent, seen });
  }
}

/** What was accepted is accepted again under its key, and refused with another content. */
async function again(
  shopper: Shopper,
  asked: Parameters<Shopper["ask"]>[0],
  note: (seen: Seen) => void,
): Promise<void> {
  note(await shopper.ask(asked));
  const body = { items: [{ sku: "glue-hide", quantity: 999 }], payment: { method: "card-ok" } };
  const refusal = "422 key_reused";
  const other = await shopper.ask({ ...asked, body }, refusal);
  if (!mayBeTried(other) && other.kind !== refusal)
    shopper.journal.isWrong("another order under a key that was used", { asked, other });
}

async function orderNothing(shopper: Shopper): Promise<void> {
  const refusal = "422 unknownProduct";
  const asked = {
    method: "POST",
    path: "/orders",
    body: { items: [{ sku: "nothing", quantity: 1 }], payment: { method: "card-ok" } },
    key: shopper.newKey(),
  } as const;
  const seen = await shopper.ask(asked, refusal);
  if (!mayBeTried(seen) && seen.kind !== refusal)
    shopper.journal.isWrong("an order for nothing", seen);
}

/** An order that was accepted is there, and never goes back to where it was before. */
async function follow(shopper: Shopper, id: string): Promise<void> {
  let last = -1;
  for (let look = 0; look < 3; look += 1) {
    const seen = await shopper.ask({ method: "GET", path: `/orders/${id}` });
    if (mayBeTried(seen)) continue;
    const rank = ranks[seen.body?.status];
    if (seen.status !== 200 || rank === undefined || rank < last)
      shopper.journal.isWrong(`an accepted order, ${id}`, { last, seen });
    last = rank ?? last;
  }
}

/** One to four products that this shopper never ordered together in these quantities; now and then the one bench. */
function newItems(shopper: Shopper): { sku: string; quantity: number }[] {
  for (;;) {
    const quantities = new Map<string, number>();
    const kinds = 1 + Math.floor(shopper.random.next() * 4);
    for (let i = 0; i < kinds; i += 1)
      quantities.set(shopper.pick(Object.keys(prices)), 1 + Math.floor(shopper.random.next() * 3));
    if (shopper.random.next() < 0.1) quantities.set("workbench", 1);
    const items = [...quantities].map(([sku, quantity]) => ({ sku, quantity }));
    const lines = linesOf(items);
    if (shopper.sent.has(lines)) continue;
    shopper.sent.add(lines);
    return items;
  }
}

/** Lines as text, the same for the same lines in any order. */
export function linesOf(items: readonly { sku: string; quantity: number }[]): string {
  return items
    .map(({ sku, quantity }) => `${sku}:${quantity}`)
    .sort()
    .join(" ");
}
