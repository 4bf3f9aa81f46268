import { InvalidArgumentError } from "commander";

/** How long something is watched, from an option: whole seconds, 300 at most. */
export function seconds(text: string): number {
  const number = Number(text);
  if (/^\d{1,3}$/.test(text) && number <= 300) return number;
  throw new InvalidArgumentError("It is a whole number from 0 to 300.");
}
