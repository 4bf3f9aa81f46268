import type { Shopper } from "./shopper.ts";

/** Products of the shop with plenty in stock, and their prices in cents. */
export const prices: Readonly<Record<string, number>> = {
  "chisel-12": 2450,
  "chisel-25": 2890,
  "mallet-beech": 3200,
  "saw-dovetail": 7900,
  "saw-tenon": 8900,
  "saw-ryoba": 4600,
  "saw-coping": 2100,
  "plane-block": 11900,
  "plane-jack": 16900,
  "plane-smoothing": 15900,
  spokeshave: 5400,
  "square-try": 3900,
  "square-combination": 4900,
  "gauge-marking": 3600,
  "knife-marking": 1800,
  "rule-steel": 1200,
  "clamp-f": 2200,
  "clamp-sash": 5900,
  "stone-1000": 3400,
  "stone-6000": 4800,
  "glue-hide": 1500,
  "oil-linseed": 1100,
  "brace-250": 6400,
};
const skus = Object.keys(prices);

/** Looks at something: every answer is right or a failure. */
export async function browse(shopper: Shopper): Promise<void> {
  const sku = shopper.pick(skus);
  const looks = [
    () => shopper.expect("/products?limit=5", (body) => body.items.length === 5),
    () =>
      shopper.expect(`/products/${sku}`, (body) => body.price.amount === (prices[sku] as number)),
    () => shopper.expect(`/inventory/${sku}`, (body) => Number.isInteger(body.available)),
    () =>
      shopper.expect("/search?q=saw", (body) =>
        body.items.every((item: { sku: string }) => item.sku.startsWith("saw-")),
      ),
    () => shopper.expect("/users/me", (body) => body.id === shopper.user),
    () => shopper.expect("/orders?limit=10", (body) => Array.isArray(body.items)),
    () => shopper.expect("/notifications", (body) => Array.isArray(body.items)),
    // Parts that are away leave gaps that the page tells of.
    () =>
      shopper.expect("/home", (body) => {
        if (!Array.isArray(body.degraded)) return false;
        shopper.journal.sawGaps(body.degraded);
        return true;
      }),
  ];
  await shopper.pick(looks)();
}
