import { oneLine, printable } from "./printable.ts";

/** A line of a program's log below an error: of a structured one the time of day, the level, the message and what the error begins with; any other as it is. */
export function tailLine(line: string): string {
  const fields = parsed(line);
  if (typeof fields?.["message"] !== "string") return printable(line);
  const { error, level, message, time } = fields;
  const at = typeof time === "string" ? /T(\d\d:\d\d:\d\d)/.exec(time)?.[1] : undefined;
  const first = typeof error === "string" ? error.split("\n")[0] : undefined;
  const said = first === undefined ? message : `${message}: ${first}`;
  return [at === undefined ? undefined : `${at}Z`, level, oneLine(said)]
    .filter((part) => typeof part === "string")
    .join(" ");
}

function parsed(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
