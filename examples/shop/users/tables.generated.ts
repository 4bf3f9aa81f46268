import type { Generated } from "kysely";
export interface Tables {
  sessions: { id: Generated<number>; user_id: string; created_at: Generated<Date> };
  users: { id: Generated<string>; email: string; name: string; password_hash: string; created_at: Generated<Date> };
}
