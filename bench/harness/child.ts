import { spawn } from "node:child_process";

/** What a measured process printed, and what it cost. */
export interface ChildResult {
  stdout: string;
  /** Milliseconds from start to end. */
  ms: number;
}

/** Runs a program to its end in a process of its own, so that no side warms the other's code; rejects when it fails. */
export function runChild(
  command: string,
  args: readonly string[],
  options: { cwd?: string; timeoutMs?: number; input?: string } = {},
): Promise<ChildResult> {
  return new Promise((resolve, reject) => {
    const since = performance.now();
    const child = spawn(command, args, {
      cwd: options.cwd,
      stdio: ["pipe", "pipe", "pipe"],
      timeout: options.timeoutMs ?? 120_000,
    });
    child.stdin.end(options.input ?? "");
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
    child.on("error", reject);
    child.on("close", (code, signal) => {
      if (code === 0) resolve({ stdout, ms: performance.now() - since });
      else
        reject(
          new Error(
            `${command} ${args.join(" ")} ended with ${code ?? signal}\n${stdout}${stderr}`,
          ),
        );
    });
  });
}

/** Runs a TypeScript file that prints one JSON document as its last line; `input` goes to its standard input. */
export async function runScript<T>(
  file: string,
  args: readonly string[] = [],
  nodeArgs: readonly string[] = [],
  input = "",
): Promise<T> {
  const { stdout } = await runChild(
    process.execPath,
    ["--conditions=kerf-source", ...nodeArgs, file, ...args],
    { input },
  );
  return JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "") as T;
}
