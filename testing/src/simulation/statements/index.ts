import { StatementTable } from "../database/statement-table.ts";
import { bankStatements } from "./bank.ts";
import { commandRecordStatements } from "./command-records.ts";
import { consumerStatements } from "./consumers.ts";
import { outboxStatements } from "./outbox.ts";
import { sagaCancelStatements } from "./saga-cancel.ts";
import { sagaSignalStatements } from "./saga-signals.ts";
import { sagaStatements } from "./sagas.ts";

/** Every statement that the simulated database knows: a file for each subject. */
export const statements = new StatementTable(
  commandRecordStatements,
  outboxStatements,
  consumerStatements,
  sagaStatements,
  sagaSignalStatements,
  sagaCancelStatements,
  bankStatements,
);
