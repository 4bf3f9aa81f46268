import { execFileSync } from "node:child_process";

/**
 * What an engine test lacks on this machine: undefined when everything is there, otherwise the reason for skipping it.
 * Under CI=true it throws instead, since a pipeline that skips tests nothing. Prints the reason.
 */
export function lacking(engines: Readonly<Record<string, boolean>>): string | undefined {
  const missing = Object.keys(engines).filter((name) => engines[name] !== true);
  if (missing.length === 0) return undefined;
  const reason = `needs ${missing.join(", ")}`;
  if (process.env["CI"] === "true") throw new Error(reason);
  console.log(`skipped: ${reason}`);
  return reason;
}

/** Whether a program is on the PATH. */
export function hasProgram(name: string): boolean {
  try {
    execFileSync("sh", ["-c", 'command -v "$1"', "sh", name], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
