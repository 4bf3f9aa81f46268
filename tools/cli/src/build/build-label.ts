import { InvalidArgumentError, Option } from "commander";

/** `--label TEXT`: what sets a build apart from another one of the same code. */
export function labelOption(): Option {
  return new Option(
    "--label <text>",
    "makes another build of the same code: to deploy what runs once more, through every step",
  ).argParser((text) => {
    if (/^[\w.:/ -]{1,64}$/.test(text)) return text;
    throw new InvalidArgumentError("It is 1 to 64 letters, digits, spaces and . _ : / -.");
  });
}

/** The same for the program that makes builds. */
export function labelArguments({ label }: { readonly label?: string | undefined }): string[] {
  return label === undefined ? [] : ["--label", label];
}
