import { InvalidArgumentError, Option } from "commander";

/** `--watch SECONDS`: how long what is new is watched beside what ran before. */
export function watchOption(): Option {
  return new Option(
    "--watch <seconds>",
    "how long the new release is watched beside the old one; goes back by itself when it does worse (default: 10)",
  ).argParser(seconds);
}

/** `--wait`: for another change that is under way. */
export function waitOption(): Option {
  return new Option("--wait", "wait for another change that is under way");
}

function seconds(text: string): number {
  const number = Number(text);
  if (/^\d{1,3}$/.test(text) && number <= 300) return number;
  throw new InvalidArgumentError("It is a whole number from 0 to 300.");
}
