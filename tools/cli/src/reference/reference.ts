import type { Argument, Command, Option } from "commander";
import { examplesOf } from "../examples.ts";
import { exitCodeMeanings } from "../exit-code.ts";
import { program } from "../program.ts";

/** The reference of the command line as Markdown, out of the definitions that parse it. */
export function reference(): string {
  const kerf = program();
  const commands = kerf.commands.flatMap(leafCommands);
  return [
    "# The kerf command",
    "",
    "<!-- Generated from the definitions of the commands: node -C kerf-source tools/cli/src/reference/write.ts -->",
    "",
    "In a project the command is `npx kerf`. `kerf COMMAND --help` says what stands here.",
    "",
    '- Data goes to stdout; how far it is, and what went wrong, is told to people on stderr. With `--json` stdout has one JSON document: the answer, or `{"error":{"code","message","why","fix",…}}`; commands that go on, such as `kerf dev` and `kerf events tail --follow`, print one a line. Whoever leaves by Ctrl-C gets none.',
    "- On a terminal the steps of a change move; in the log of a CI each is a line when it is over, and one that takes long says so now and then.",
    "- No colour where there is no terminal, nor with `NO_COLOR`.",
    "- A command finds the running app by `--home`, by `KERF_HOME`, or by the nearest `.kerf` in this folder or above.",
    "- No update notices, and no telemetry.",
    "",
    ...table(
      ["command", ""],
      commands.map((command) => [
        `[\`${titleOf(command)}\`](#${anchorOf(command)})`,
        command.summary(),
      ]),
    ),
    "",
    "## Exit codes",
    "",
    ...table(
      ["code", "meaning"],
      exitCodeMeanings.map(([code, meaning]) => [String(code), meaning]),
    ),
    ...commands.flatMap(section),
    "",
  ].join("\n");
}

/** A command that does something, or all those of a group. */
export function leafCommands(command: Command): Command[] {
  return command.commands.length === 0 ? [command] : command.commands.flatMap(leafCommands);
}

function section(command: Command): string[] {
  const help = command.createHelp();
  const given = help.visibleArguments(command);
  const options = help.visibleOptions(command).filter(({ long }) => long !== "--help");
  return [
    "",
    `## ${titleOf(command)}`,
    "",
    command.description(),
    "",
    "```sh",
    `${titleOf(command)} ${command.usage()}`,
    "```",
    "",
    ...table(["", ""], [...given.map(argumentRow), ...options.map(optionRow)]),
    "",
    "```sh",
    ...examplesOf(command).map(([line, what]) => `${line}   # ${what}`),
    "```",
  ];
}

function titleOf(command: Command): string {
  return command.parent === null ? command.name() : `${titleOf(command.parent)} ${command.name()}`;
}

function anchorOf(command: Command): string {
  return titleOf(command).replaceAll(" ", "-");
}

function argumentRow(argument: Argument): string[] {
  const name = argument.required ? `<${argument.name()}>` : `[${argument.name()}]`;
  return [`\`${name}\``, argument.description];
}

function optionRow(option: Option): string[] {
  const standard = option.defaultValue;
  const hasStandard = standard !== undefined && !["boolean", "object"].includes(typeof standard);
  const notes = [
    ...(hasStandard ? [`default ${String(standard)}`] : []),
    ...(option.envVar === undefined ? [] : [`environment ${option.envVar}`]),
  ];
  return [
    `\`${option.flags}\``,
    `${option.description}${notes.length === 0 ? "" : ` (${notes.join(", ")})`}`,
  ];
}

function table(titles: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(titles), line(titles.map(() => "---")), ...rows.map(line)];
}
