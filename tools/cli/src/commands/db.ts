import { Command } from "commander";
import { examples } from "../examples.ts";
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

/** `kerf db`: the databases of services. */
export function dbCommand(): Command {
  return new Command("db")
    .summary("work with services' databases")
    .description("Works with the databases of running services.")
    .helpCommand(false)
    .addCommand(shellCommand())
    .addCommand(typesCommand())
    .addCommand(rotateCommand());
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
      .summary("exchange the passwords of a service's database")
      .description(
        "Makes new passwords for the roles of a service's database, exchanges its instances onto them, new ones first, then tries the old passwords and shows that PostgreSQL refuses them. No call is lost. What ends early leaves both holding; run it again.",
      )
      .argument("<service>", "whose database")
      .addOption(homeOption())
      .option("--json", "print {instances, refused: {role: answer}} as JSON")
      .action(async (service: string, options: DbRotateOptions) => {
        const { rotatePasswords } = await import("../shell/rotate-passwords.ts");
        await rotatePasswords(service, options);
      }),
    [["kerf db rotate payments", "when somebody may have seen the old ones"]],
  );
}
