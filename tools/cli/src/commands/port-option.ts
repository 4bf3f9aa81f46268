import { InvalidArgumentError, Option } from "commander";

/** An option that takes a port, from a flag or an environment variable. */
export function portOption(
  flags: string,
  description: string,
  variable: string,
  standard: number,
): Option {
  return new Option(flags, description)
    .env(variable)
    .default(standard)
    .argParser((text) => {
      const port = Number(text);
      if (!/^\d{1,5}$/.test(text) || port > 65_535)
        throw new InvalidArgumentError("It must be a port, 1 to 65535.");
      return port;
    });
}
