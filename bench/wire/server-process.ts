import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** A server in a process of its own, told to end by the end of its input. */
export interface ServerProcess {
  readonly address: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/** Starts a server program and waits until it says where it listens. */
export async function startServer(
  file: string,
  args: readonly string[] = [],
): Promise<ServerProcess> {
  const child = spawn(process.execPath, ["--conditions=kerf-source", file, ...args], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  for await (const line of createInterface({ input: child.stdout })) {
    const { address } = JSON.parse(line) as { address: string };
    return {
      address,
      pid: child.pid as number,
      async stop() {
        child.stdin.end();
        await ended;
      },
    };
  }
  throw new Error(`${file} ended before it listened`);
}
