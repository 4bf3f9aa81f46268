// Boundary: the command lines of the repository's own commands (`npm run sim`, `crash`, `chaos`, …), which all answer `--help`, and say in one
// line what is wrong with what was typed.
import { type Command, type CommandOptions, helpOf, parseCommand, type Values } from "./command.ts";

export { type Command, helpOf, parseCommand } from "./command.ts";
export { choice, flag, number, type Option, text, whole } from "./option.ts";

/** What a command was asked to do. */
export interface Asked<Options extends CommandOptions> {
  readonly values: Values<Options>;
  /** Undefined when none was given, or none is taken. */
  readonly argument: string | undefined;
}

/** Reads this process's command line. Ends the process for `--help` (exit code 0) and for what there is not (2). */
export function readCommandLine<const Options extends CommandOptions>(
  command: Command<Options>,
): Asked<Options> {
  const parsed = parseCommand(command, process.argv.slice(2));
  if (parsed.kind === "run") return { values: parsed.values, argument: parsed.argument };
  if (parsed.kind === "help") console.log(helpOf(command));
  else console.error(parsed.problem);
  process.exit(parsed.kind === "help" ? 0 : 2);
}
