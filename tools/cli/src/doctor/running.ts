import { readFileSync } from "node:fs";
import { join } from "node:path";
import { isAlive } from "../launcher/process-table.ts";

/** The platform that runs from a folder of state; undefined when none does. */
export function readRunning(
  home: string,
): { readonly url: string; readonly pid: number } | undefined {
  try {
    const running = JSON.parse(readFileSync(join(home, "platform.json"), "utf8")) as {
      url: string;
      pid: number;
    };
    return isAlive(running.pid) ? running : undefined;
  } catch {
    return undefined;
  }
}
