import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { Command } from "commander";
import { KerfError } from "@kerf/kernel";

/** The options of an export as a file has them: words as on a command line, lines that begin with # left out. `example`: what such a file may say. */
export function optionsInFile<T extends object>(
  file: string | undefined,
  withOptions: (command: Command) => Command,
  { command: name, example }: { readonly command: string; readonly example: string },
): T {
  const command = withOptions(new Command("options")).exitOverride();
  command.configureOutput({ outputError: () => {} });
  const words: string[] = [];
  try {
    const lines = file === undefined ? [] : readFileSync(resolve(file), "utf8").split("\n");
    for (const line of lines) {
      if (!line.trimStart().startsWith("#")) words.push(...line.split(/\s+/).filter(Boolean));
    }
    return command.parse(words, { from: "user" }).opts<T>();
  } catch (cause) {
    throw new KerfError("invalid_configuration", {
      message: `The options of the export cannot be used: ${file}`,
      why: (cause as Error).message,
      fix: `Write them as on the command line of ${name}, for example: ${example}`,
      cause,
    });
  }
}
