import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { SqlResult } from "@kerf/control-api";
import { KerfError } from "@kerf/kernel";
import type { DbShellOptions } from "../commands/db.ts";
import { type Connection, withPlatform } from "../connection/connect.ts";
import { printFailure } from "../output/failure.ts";
import { printJson } from "../output/json.ts";
import { paintFor } from "../output/paint.ts";
import { shellCommand, shellHelp } from "./describe-commands.ts";
import { prompt } from "./prompt.ts";
import { resultText } from "./result-text.ts";
import { cutStatements, isBlank } from "./statements.ts";

/** Runs SQL in a service's database: what `-c` says, what stdin holds, or what is typed at a prompt. */
export function databaseShell(service: string, options: DbShellOptions): Promise<void> {
  return withPlatform(options, async (connection) => {
    const run = async (statement: string): Promise<void> =>
      print(await send(connection, service, options, statement), options);
    if (options.command !== undefined) return run(translated(options.command));
    if (process.stdin.isTTY) {
      // A service without a database is told at once, and not after the first statement is typed.
      await send(connection, service, options, "select 1");
      return prompt({
        service,
        owner: options.owner === true,
        history: join(connection.home, "sql-history.json"),
        run: async (statement) => {
          refuseOpenTransaction(statement);
          await run(statement);
        },
        failed: (thrown) => printFailure(thrown, options.json === true),
      });
    }
    const { statements, rest } = cutStatements(await text(process.stdin));
    for (const statement of isBlank(rest) ? statements : [...statements, rest]) {
      refuseOpenTransaction(statement);
      await run(statement);
    }
  });
}

/** Backslash commands work with -c as well. */
function translated(given: string): string {
  if (!given.trimStart().startsWith("\\")) return given;
  const command = shellCommand(given);
  if (command.type === "sql") return command.statement;
  throw new KerfError("usage", {
    message: `${given.trim()} is no command here.`,
    fix: shellHelp,
  });
}

function send(
  { client }: Connection,
  service: string,
  options: DbShellOptions,
  statement: string,
): Promise<SqlResult> {
  return client.sql({ service, statement, role: options.owner === true ? "owner" : "app" });
}

function print(result: SqlResult, options: DbShellOptions): void {
  if (options.json === true) return printJson(result);
  for (const notice of result.notices) process.stderr.write(`${notice}\n`);
  process.stdout.write(`${resultText(result, paintFor(process.stdout))}\n`);
}

/** Statements come one at a time and share no connection: a transaction that stays open would commit nothing, silently. */
function refuseOpenTransaction(statement: string): void {
  if (!/^(begin|start\s+transaction|commit|end|rollback|savepoint)\b/i.test(statement)) return;
  throw new KerfError("usage", {
    message: "Each statement here is a transaction of its own.",
    why: "Statements are sent one at a time, and none leaves a transaction open behind it.",
    fix: "Send what belongs together at once: kerf db shell SERVICE -c 'begin; …; commit'",
  });
}
