import { contractCases } from "../../framework/contract/src/compatibility/testing/cases.ts";
import { migrationCases } from "../../framework/data/src/migrations/testing/cases.ts";
import { tableOf } from "./table.ts";

const words = { compatible: "yes", incompatible: "**no**", unknown: "unknown" } as const;

/** Whom each change of a contract breaks: the cases of the tests. */
export function contractChangeTable(): string {
  const rows = contractCases.map(({ part, change, oldConsumer, newConsumer }) => [
    part,
    change,
    words[oldConsumer],
    part === "route" ? "" : words[newConsumer],
  ]);
  const head = ["", "change", "old consumer, new provider", "new consumer, old provider"];
  return tableOf(head, rows);
}

/** What each change of a schema does to releases that still run: the cases of the tests. */
export function migrationChangeTable(): string {
  const rows = migrationCases.map(({ change, sql, verdict }) => [
    change,
    sql.length <= 100 ? `\`${sql}\`` : "",
    words[verdict],
  ]);
  return tableOf(["change", "for example", "may be applied"], rows);
}
