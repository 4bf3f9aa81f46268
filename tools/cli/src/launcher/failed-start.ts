import { printable } from "../output/printable.ts";
import { lastLines } from "./last-lines.ts";
import type { PlatformExit, PlatformProcess } from "./platform-process.ts";

/** What is said of a platform that ended before it was ready without saying why itself. */
export async function failedStartText(
  platform: Pick<PlatformProcess, "log" | "logFrom">,
  exit: PlatformExit,
): Promise<string> {
  const tail = await lastLines(platform.log, platform.logFrom);
  return [
    `✗ The platform ended before it was ready (${exit.signal ?? `exit code ${exit.code}`}).`,
    `  Its log: ${platform.log}`,
    ...tail.map((line) => `  │ ${printable(line)}`),
  ].join("\n");
}
