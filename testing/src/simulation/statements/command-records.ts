import type { KnownStatement } from "../database/statement-table.ts";
import { answer } from "../database/statement-run.ts";
import type { StatementRun } from "../database/statement-run.ts";

const dayMs = 86_400_000;

function yesterday(run: StatementRun): string {
  return new Date(run.now - dayMs).toISOString().slice(0, 10);
}

/** The statements of `framework/data/src/command-records`. */
export const commandRecordStatements: readonly KnownStatement[] = [
  {
    name: "command: claim",
    sql: "select * from kerf.command_claim($1, $2, $3)",
    *work(run, [scope, input, lock]) {
      if (!run.tryAdvisoryLock(String(lock))) {
        return answer("SELECT", [{ state: "in_flight", failed: null, answer: null }]);
      }
      // A statement of its own within the function: it sees what was committed before the lock was had.
      yield undefined;
      const [recorded] = run
        .again()
        .select("command_record", (row) => row["scope"] === scope && row["day"] >= yesterday(run))
        .sort((a, b) => (a["day"] < b["day"] ? 1 : -1));
      if (recorded === undefined) {
        return answer("SELECT", [{ state: "fresh", failed: null, answer: null }]);
      }
      if (recorded["input"] !== input) {
        return answer("SELECT", [{ state: "reused", failed: null, answer: null }]);
      }
      const { failed, answer: said } = recorded;
      return answer("SELECT", [{ state: "answered", failed, answer: said }]);
    },
  },
  {
    name: "command: record",
    sql: "select kerf.command_answer($1, $2, $3, $4)",
    *work(run, [scope, input, failed, said]) {
      const day = run.today;
      const record = { day, scope, input, failed, answer: said };
      yield* run.insertNew("command_record", `${day} ${scope as string}`, record);
      return answer("SELECT", [{ command_answer: "" }]);
    },
  },
];
