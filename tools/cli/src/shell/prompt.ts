import { createInterface } from "node:readline/promises";
import { cutStatements, isBlank } from "./statements.ts";
import { shellCommand, shellHelp } from "./describe-commands.ts";
import { readHistory, writeHistory } from "./history.ts";

/** What a prompt works with. */
export interface PromptOptions {
  readonly service: string;
  readonly owner: boolean;
  /** File that keeps what was typed. */
  readonly history: string;
  run(statement: string): Promise<void>;
  failed(thrown: unknown): void;
}

/** Reads statements from the terminal and runs them, until `\q` or Ctrl-D. */
export async function prompt(options: PromptOptions): Promise<void> {
  const statements = readHistory(options.history);
  const terminal = createInterface({
    input: process.stdin,
    output: process.stdout,
    history: statements.map((statement) => statement.replaceAll("\n", " ")),
    historySize: 500,
    removeHistoryDuplicates: true,
  });
  const sign = options.owner ? "#" : ">";
  let typed = "";
  const ask = (): void => {
    terminal.setPrompt(`${options.service}${isBlank(typed) ? "=" : "-"}${sign} `);
    terminal.prompt();
  };
  terminal.on("SIGINT", () => {
    // As the keys would: to the end of the line, and away with all of it.
    terminal.write(null, { ctrl: true, name: "e" });
    terminal.write(null, { ctrl: true, name: "u" });
    process.stdout.write("^C\n");
    typed = "";
    ask();
  });
  process.stdout.write(`SQL in the database of ${options.service}; \\? helps, \\q leaves.\n`);
  ask();
  for await (const line of terminal) {
    if (isBlank(typed) && line.trimStart().startsWith("\\")) {
      if ((await obey(line, options)) === "quit") break;
    } else {
      const cut = cutStatements(`${typed}${line}\n`);
      typed = isBlank(cut.rest) ? "" : cut.rest;
      for (const statement of cut.statements) {
        statements.unshift(`${statement};`);
        await attempt(options, statement);
      }
    }
    ask();
  }
  terminal.close();
  writeHistory(options.history, [...new Set(statements)]);
}

async function obey(line: string, options: PromptOptions): Promise<"quit" | "done"> {
  const command = shellCommand(line);
  switch (command.type) {
    case "quit":
      return "quit";
    case "help":
      process.stdout.write(`${shellHelp}\n`);
      return "done";
    case "unknown":
      process.stdout.write(`${command.command} is no command here; \\? lists them.\n`);
      return "done";
    case "sql":
      await attempt(options, command.statement);
      return "done";
  }
}

/** A statement that fails leaves the prompt as it was. */
async function attempt(options: PromptOptions, statement: string): Promise<void> {
  try {
    await options.run(statement);
  } catch (thrown) {
    options.failed(thrown);
  }
}
