import type { Generated } from "kysely";
export interface Tables {
  messages: { id: Generated<number>; user_id: string; order_id: string; kind: string; body: string; created_at: Generated<Date> };
}
