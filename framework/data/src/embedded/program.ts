import { spawn } from "node:child_process";
import type { ServerAccount } from "./account.ts";
import { explainFailure } from "./start-failure.ts";

/** Runs one of PostgreSQL's programs as the server's account to its end; throws `start_failed` with what it printed. */
export async function runProgram(
  account: ServerAccount,
  program: string,
  parameters: string[],
  options: { input?: string; signal?: AbortSignal | undefined } = {},
): Promise<void> {
  const { command, args, ...ids } = account.wrap(program, parameters);
  const output: string[] = [];
  const code = await new Promise<number | string>((resolve) => {
    const child = spawn(command, args, {
      ...ids,
      cwd: "/",
      env: programEnvironment(),
      stdio: ["pipe", "ignore", "pipe"],
      ...(options.signal === undefined ? undefined : { signal: options.signal }),
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => output.push(text));
    child.once("error", (error) => {
      // An aborted one is waited for: what it has begun to write is cleared away after it.
      if (child.pid === undefined) resolve(error.message);
    });
    child.once("close", (exit, killed) => resolve(exit ?? killed ?? "?"));
    // It may end before it has read all: then its exit code says why.
    child.stdin.on("error", () => {}).end(options.input ?? "");
  });
  if (code !== 0) throw explainFailure(`${program} failed (${code})`, output.join(""));
}

/** What the server's programs get of our environment: no secrets, no locale surprises. */
export function programEnvironment(): Record<string, string> {
  return { PATH: process.env["PATH"] ?? "/usr/bin:/bin", LC_ALL: "C", TZ: "UTC" };
}
