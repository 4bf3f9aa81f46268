import { parseArgs } from "node:util";
import type { Option } from "./option.ts";

/** A command of this repository, as its help shows it. */
export interface Command<Options extends CommandOptions = CommandOptions> {
  /** What is typed, as `npm run sim --`. */
  readonly name: string;
  /** What it does, in a sentence. */
  readonly about: string;
  readonly options: Options;
  /** What is given without a dash: its name in the help, and which there are with a word on each. */
  readonly argument?: { readonly name: string; readonly choices: Readonly<Record<string, string>> };
}

/** Options by their names, without dashes. */
export type CommandOptions = Readonly<Record<string, Option<unknown>>>;

/** What an option stands for. */
export type Values<Options extends CommandOptions> = {
  readonly [Name in keyof Options]: Options[Name] extends Option<infer Value> ? Value : never;
};

/** What a command line asks for: to run, to be told how, or something that there is not. */
export type Parsed<Options extends CommandOptions> =
  | { readonly kind: "run"; readonly values: Values<Options>; readonly argument?: string }
  | { readonly kind: "help" }
  | { readonly kind: "wrong"; readonly problem: string };

/** Reads a command line; the last of several wins. Never throws. */
export function parseCommand<Options extends CommandOptions>(
  command: Command<Options>,
  args: readonly string[],
): Parsed<Options> {
  const { options } = command;
  const values: Record<string, unknown> = Object.fromEntries(
    Object.entries(options).map(([name, { otherwise }]) => [name, otherwise]),
  );
  let argument: string | undefined;
  for (const token of tokensOf(options, args)) {
    if (token.kind === "positional") {
      const problem = argumentProblem(command, token.value, argument);
      if (problem !== undefined) return { kind: "wrong", problem };
      argument = token.value;
    } else if (token.kind === "option") {
      const { name, rawName, value } = token;
      if (name === "help" || name === "h") return { kind: "help" };
      const option = Object.hasOwn(options, name) ? options[name] : undefined;
      if (option === undefined)
        return wrong(
          `There is no option ${rawName}: ${command.name} --help names those that there are.`,
        );
      const read = valueOf(option, value, token.inlineValue === true);
      if (read === undefined)
        return wrong(
          value === undefined
            ? `${rawName} needs a value. Give ${option.wanted}.`
            : `${rawName} cannot be ${JSON.stringify(value)}. Give ${option.wanted}.`,
        );
      values[name] = read;
    }
  }
  const run = { kind: "run", values: values as Values<Options> } as const;
  return argument === undefined ? run : { ...run, argument };
}

/** What `--help` prints. */
export function helpOf({ name, about, options, argument }: Command): string {
  const rows = Object.entries(options).map(([key, { placeholder, about: of, shown }]) => [
    placeholder === undefined ? `--${key}` : `--${key} ${placeholder}`,
    shown === undefined ? of : `${of} (default ${shown})`,
  ]);
  rows.push(["--help", "say this"]);
  const choices = Object.entries(argument?.choices ?? {});
  const width = Math.max(...[...rows, ...choices].map(([left]) => left?.length ?? 0));
  const lines = (pairs: readonly (readonly string[])[]): string[] =>
    pairs.map(([left = "", right = ""]) => `  ${left.padEnd(width)}  ${right}`);
  return [
    `${name} ${argument === undefined ? "" : `${argument.name} `}[options]`,
    about,
    ...(choices.length === 0 ? [] : ["", `${argument?.name}:`, ...lines(choices)]),
    "",
    "options:",
    ...lines(rows),
  ].join("\n");
}

function tokensOf(options: CommandOptions, args: readonly string[]) {
  const typed = Object.entries(options).map(([name, { placeholder }]) => [
    name,
    { type: placeholder === undefined ? "boolean" : "string" } as const,
  ]);
  // Not strict: what is wrong is said in our own words.
  return parseArgs({
    args: [...args],
    strict: false,
    tokens: true,
    options: Object.fromEntries(typed),
  }).tokens;
}

function wrong(problem: string): { kind: "wrong"; problem: string } {
  return { kind: "wrong", problem };
}

function valueOf(option: Option<unknown>, value: string | undefined, inline: boolean): unknown {
  if (option.placeholder === undefined) return value === undefined ? true : undefined;
  // "--seed --trace": the value was forgotten.
  if (value === undefined || (!inline && value.startsWith("--"))) return undefined;
  return option.read(value);
}

function argumentProblem(
  { name, argument }: Command,
  given: string,
  before: string | undefined,
): string | undefined {
  if (argument === undefined) return `${name} takes options only, not ${JSON.stringify(given)}.`;
  if (before !== undefined)
    return `Give one ${argument.name}, not ${before} and ${JSON.stringify(given)} too.`;
  if (Object.hasOwn(argument.choices, given)) return undefined;
  return `There is no ${argument.name} ${JSON.stringify(given)}. Give one of ${Object.keys(argument.choices).join(", ")}.`;
}
