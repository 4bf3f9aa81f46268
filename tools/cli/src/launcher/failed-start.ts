import { KerfError } from "@kerf/kernel";
import { lastLines } from "./last-lines.ts";
import type { PlatformExit, PlatformProcess } from "./platform-process.ts";

/** What is said of a platform that ended before it was ready without saying why itself. */
export async function failedStart(
  platform: Pick<PlatformProcess, "log" | "logFrom">,
  exit: PlatformExit,
): Promise<KerfError> {
  const log = await lastLines(platform.log, platform.logFrom);
  return new KerfError("start_failed", {
    message: `The platform ended before it was ready (${exit.signal ?? `exit code ${exit.code}`}).`,
    fix: `See what it did last in its log: ${platform.log}`,
    data: { log },
  });
}
