import type { Generated } from "kysely";
export interface Tables {
  products: { sku: string; name: string; description: string; price_amount: number; price_currency: string; featured: Generated<boolean> };
}
