import { createRequire } from "node:module";
import type { Sql } from "kysely";

const require = createRequire(import.meta.url);

function loaded(): Sql {
  return (require("kysely") as typeof import("kysely")).sql;
}

/**
 * Kysely's `sql` tag: the very one that `db` is made with. It loads Kysely (some 300 modules) when it is first used, so that a
 * module that only mentions it stays quick to load.
 */
export const sql: Sql = new Proxy((() => {}) as unknown as Sql, {
  apply: (_target, _this, args: Parameters<Sql>) => loaded()(...args),
  get: (_target, name) => Reflect.get(loaded(), name) as unknown,
});
