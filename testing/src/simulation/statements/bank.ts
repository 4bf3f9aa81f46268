import type { KnownStatement } from "../database/statement-table.ts";
import { answer } from "../database/statement-run.ts";

/** Changes an account, unless that leaves less than is allowed; answers its new number. */
export const changeAccount = `update account set balance = balance + $2, n = n + 1
  where id = $1 and balance + $2 >= $3 returning n`;
/** Says what took effect, under which key; nothing keeps it from being said twice. */
export const insertEffect = "insert into effect (key, account, amount) values ($1, $2, $3)";
/** What a consumer has applied, in the order in which it did; nothing keeps it from being said twice. */
export const insertSeen = "insert into seen (producer, shard, account, n) values ($1, $2, $3, $4)";

/** What the simulated bank's own handlers send. */
export const bankStatements: readonly KnownStatement[] = [
  {
    name: "bank: change an account",
    sql: changeAccount,
    *work(run, [id, amount, least]) {
      const changed = yield* run.update(
        "account",
        (row) => row["id"] === id && row["balance"] + amount >= least,
        ({ balance, n }) => ({ balance: balance + amount, n: n + 1 }),
      );
      return answer(
        "UPDATE",
        changed.map(({ n }) => ({ n })),
      );
    },
  },
  {
    name: "bank: an effect",
    sql: insertEffect,
    *work(run, [key, account, amount]) {
      const number = run.database.sequence("effect").next();
      yield* run.insertNew("effect", String(number), { number, key, account, amount });
      return answer("INSERT", [], 1);
    },
  },
  {
    name: "bank: an event is seen",
    sql: insertSeen,
    *work(run, [producer, shard, account, n]) {
      const number = run.database.sequence("seen").next();
      yield* run.insertNew("seen", String(number), { number, producer, shard, account, n });
      return answer("INSERT", [], 1);
    },
  },
];
