import { Command } from "commander";
import { examples } from "../examples.ts";
import { seconds, waitOption } from "./change-options.ts";
import { homeOption } from "./home-option.ts";

/** What `kerf db shell` takes. */
export interface DbShellOptions {
  owner?: true;
  command?: string;
  home?: string;
  json?: true;
}

/** What `kerf db types` takes. */
export interface DbTypesOptions {
  check?: true;
  home?: string;
  json?: true;
}

/** What `kerf db rotate` takes. */
export interface DbRotateOptions {
  home?: string;
  json?: true;
}

/** What `kerf db move` takes. */
export interface DbMoveOptions {
  to?: string;
  toFile?: string;
  /** Seconds. */
  maxPause?: number;
  wait?: true;
  home?: string;
  json?: true;
}

/** What `kerf db drop-old` takes. */
export interface DbDropOldOptions {
  home?: string;
  json?: true;
}

/** `kerf db`: the databases of services. */
export function dbCommand(): Command {
  return new Command("db")
    .summary("work with services' databases")
    .description("Works with the databases of running services.")
    .helpCommand(false)
    .addCommand(shellCommand())
    .addCommand(typesCommand())
    .addCommand(rotateCommand())
    .addCommand(moveCommand())
    .addCommand(dropOldCommand());
}

function shellCommand(): Command {
  return examples(
    new Command("shell")
      .summary("run SQL in a service's database")
      .description(
        "Runs SQL in a service's database: interactively, from stdin, or what -c says. Works with the rights of the " +
          "service itself unless --owner is given. Each statement runs by itself; what must be one transaction goes " +
          "into one -c. At the prompt: \\dt lists tables, \\d TABLE shows one, \\q leaves.",
      )
      .argument("<service>", "whose database")
      .option("--owner", "with the rights of the owner, who may change tables")
      .option("-c, --command <sql>", "run this and leave")
      .addOption(homeOption())
      .option(
        "--json",
        "print each result as {columns, rows, rowCount, command, …}; values are text",
      )
      .action(async (service: string, options: DbShellOptions) => {
        const { databaseShell } = await import("../shell/database-shell.ts");
        await databaseShell(service, options);
      }),
    [
      ["kerf db shell orders", "a prompt"],
      [`kerf db shell orders -c 'select count(*) from orders'`, "one statement"],
      ["kerf db shell orders --owner < repair.sql", "a file, one statement after the other"],
    ],
  );
}

function typesCommand(): Command {
  return examples(
    new Command("types")
      .summary("write the table types of databases")
      .description(
        "Writes tables.generated.ts of a service, or of all, from its database as the migrations made it.",
      )
      .argument("[service]", "one service (default: all that keep data)")
      .option("--check", "write nothing; fail when a file is not what it should be")
      .addOption(homeOption())
      .option("--json", "print the files and their state as JSON")
      .action(async (service: string | undefined, options: DbTypesOptions) => {
        const { databaseTypes } = await import("../shell/database-types.ts");
        await databaseTypes(service, options);
      }),
    [
      ["kerf db types", "after a new migration"],
      ["kerf db types --check", "in continuous integration"],
    ],
  );
}

function rotateCommand(): Command {
  return examples(
    new Command("rotate")
      .summary("exchange the passwords of a service's database and Redis")
      .description(
        "Makes new passwords for the roles of a service's database, and for its user of Redis, exchanges its instances onto them, new ones first, then tries the old passwords and shows that they are refused. No call is lost. What ends early leaves both holding; run it again.",
      )
      .argument("<service>", "whose passwords")
      .addOption(homeOption())
      .option("--json", "print {instances, refused: {role: answer}} as JSON")
      .action(async (service: string, options: DbRotateOptions) => {
        const { rotatePasswords } = await import("../shell/rotate-passwords.ts");
        await rotatePasswords(service, options);
      }),
    [["kerf db rotate payments", "when somebody may have seen the old ones"]],
  );
}

function moveCommand(): Command {
  return examples(
    new Command("move")
      .summary("move a service's database to another server")
      .description(
        "Copies the database while it serves, holds writes while it copies what changed since, proves that both servers hold the same, and goes on with the new one. Calls wait meanwhile; none fails. The old database stays, and nobody can write to it: kerf db drop-old removes it.",
      )
      .argument("<service>", "whose database")
      .option(
        "--to <server>",
        "embedded:NAME, a server that the platform runs itself, or -, the URL of a server on stdin",
      )
      .option("--to-file <file>", "a file with the URL of a server, mode 0600; it stays there")
      .option("--max-pause <seconds>", "how long writes may wait at most (default: 5)", seconds(1))
      .addOption(waitOption())
      .addOption(homeOption())
      .option("--json", "print the report as JSON")
      .action(async (service: string, options: DbMoveOptions) => {
        const { moveDatabase } = await import("../shell/move-database.ts");
        await moveDatabase(service, options);
      }),
    [
      ["kerf db move orders --to embedded:orders", "a server of its own on this machine"],
      ["kerf db move orders --to-file secrets/orders-url", "a managed server"],
    ],
  );
}

function dropOldCommand(): Command {
  return examples(
    new Command("drop-old")
      .summary("drop the databases that a service has left")
      .description("Drops the databases that kerf db move has left behind. This cannot be undone.")
      .argument("<service>", "whose databases")
      .addOption(homeOption())
      .option("--json", "print {dropped: [{server, database}]} as JSON")
      .action(async (service: string, options: DbDropOldOptions) => {
        const { dropOldDatabases } = await import("../shell/move-database.ts");
        await dropOldDatabases(service, options);
      }),
    [["kerf db drop-old orders", "when nobody wants to go back"]],
  );
}
