import { readFileSync } from "node:fs";
import { Command } from "commander";
import { callCommand } from "./commands/call.ts";
import { dbCommand } from "./commands/db.ts";
import { devCommand } from "./commands/dev.ts";
import { logsCommand } from "./commands/logs.ts";
import { statusCommand } from "./commands/status.ts";
import { exitCodeMeanings } from "./exit-code.ts";

/** The version of this package, which is that of all of Kerf. */
export function version(): string {
  const manifest = new URL("../package.json", import.meta.url);
  return (JSON.parse(readFileSync(manifest, "utf8")) as { version: string }).version;
}

/** The whole command line: every command with its options, examples and help. What a command does is loaded when it runs. */
export function program(): Command {
  const kerf = new Command("kerf")
    .description(
      "Microservices in TypeScript: start as one program, cut where it hurts, join again.",
    )
    .version(version())
    .helpCommand(false)
    .addHelpText(
      "after",
      `\nExit codes:\n${exitCodeMeanings.map(([code, meaning]) => `  ${String(code).padStart(3)}  ${meaning}`).join("\n")}`,
    );
  for (const command of [devCommand(), statusCommand(), logsCommand(), callCommand(), dbCommand()])
    kerf.addCommand(command);
  for (const command of [
    kerf,
    ...kerf.commands,
    ...kerf.commands.flatMap(({ commands }) => commands),
  ]) {
    command.exitOverride().configureOutput({
      // main.ts prints every error, in one form.
      outputError: () => {},
    });
  }
  return kerf;
}
