import { type Command, InvalidArgumentError, Option } from "commander";
import { homeOption } from "./home-option.ts";

const jsonHelp =
  "print the report as JSON: {id, kind, title, ms, processes, memoryBytes, nowOverNetwork, nowInProcess, latency}";

/** Gives a command the options of every change of what runs. */
export function withChangeOptions(command: Command): Command {
  return command
    .addOption(waitOption())
    .option(
      "--ready-timeout <seconds>",
      "how long a new copy may take until it is ready (default: 30)",
      seconds(1),
    )
    .option(
      "--drain-timeout <seconds>",
      "how long an old copy may take to finish what it has begun, before it is ended by force (default: 30)",
      seconds(1),
    )
    .addOption(homeOption())
    .option("--json", jsonHelp);
}

/** `--watch SECONDS`: how long what is new is watched beside what ran before. */
export function watchOption(): Option {
  return new Option(
    "--watch <seconds>",
    "how long the new release is watched beside the old one; goes back by itself when it does worse (default: 10)",
  ).argParser(seconds(0));
}

/** `--watch SECONDS` of a move: how long what it did to calls is measured. */
export function measureOption(): Option {
  return new Option("--watch <seconds>", "how long calls are measured afterwards; 0 does without")
    .default(10)
    .argParser(seconds(0));
}

/** `--wait`: for another change that is under way. */
export function waitOption(): Option {
  return new Option("--wait", "wait for another change that is under way");
}

/** A whole number of seconds from `least` to 300. */
export function seconds(least: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (/^\d{1,3}$/.test(text) && number >= least && number <= 300) return number;
    throw new InvalidArgumentError(`It is a whole number from ${least} to 300.`);
  };
}
