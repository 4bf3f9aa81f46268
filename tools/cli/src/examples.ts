import type { Command } from "commander";

/** A command line and what it does. */
export type Example = readonly [line: string, what: string];

const shown = new WeakMap<Command, readonly Example[]>();

/** Gives a command examples, which its help and the reference show. */
export function examples(command: Command, lines: readonly Example[]): Command {
  shown.set(command, lines);
  const width = Math.max(...lines.map(([line]) => line.length));
  const text = lines.map(([line, what]) => `  ${line.padEnd(width)}  ${what}`).join("\n");
  return command.addHelpText("after", `\nExamples:\n${text}`);
}

/** The examples of a command. */
export function examplesOf(command: Command): readonly Example[] {
  return shown.get(command) ?? [];
}
