import type { Generated } from "kysely";
export interface Tables {
  reservation_lines: { order_id: string; sku: string; quantity: number };
  reservations: { order_id: string; state: "held" | "released" | "shipped"; changed_at: Generated<Date> };
  stock: { sku: string; on_hand: number; reserved: Generated<number> };
}
