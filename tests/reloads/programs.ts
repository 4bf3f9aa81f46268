import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { createInterface } from "node:readline";
import type { Duplex, Readable, Writable } from "node:stream";
import type { Boot } from "@kerf/call";

const gatewayMain = fileURLToPath(import.meta.resolve("@kerf/proxy/gateway"));
const backendsMain = fileURLToPath(new URL("./backends.ts", import.meta.url));
/** How long a program gets to end in order, milliseconds. */
const stopMs = 10_000;

/** A program that was started for a run. */
export interface Program {
  /** Its lines, as they come. */
  readonly lines: string[];
  /** Ends it; bounded. */
  stop(): Promise<void>;
}

/** Starts the program of a gateway, as the platform does. */
export function startGateway(boot: Boot): Program {
  const child = spawn(process.execPath, [...process.execArgv, gatewayMain], {
    stdio: ["ignore", "pipe", "inherit", "pipe", "pipe"],
    env: { ...process.env, KERF_LIFELINE_FD: "4", NODE_TEST_CONTEXT: undefined },
  });
  (child.stdio[4] as Duplex).on("error", () => {});
  (child.stdio[3] as Writable).end(JSON.stringify(boot));
  return programOf(child, () => child.kill("SIGTERM"));
}

/** Starts what the gateway sends requests to. Resolves with the URLs of the upstream's instances. */
export async function startBackends(
  socket: string,
  principalKey: object,
): Promise<Program & { readonly urls: readonly string[] }> {
  const child = spawn(
    process.execPath,
    [...process.execArgv, backendsMain, socket, JSON.stringify(principalKey)],
    {
      stdio: ["pipe", "pipe", "inherit"],
      env: { ...process.env, NODE_TEST_CONTEXT: undefined },
    },
  );
  const [first] = (await Promise.race([
    once(createInterface({ input: child.stdout as Readable }), "line"),
    once(child, "exit").then(([code]) => {
      throw new Error(`the backends ended with ${code}`);
    }),
  ])) as [string];
  const program = programOf(child, () => void child.stdin?.end());
  return { ...program, urls: JSON.parse(first) as string[] };
}

function programOf(child: ChildProcess, end: () => void): Program {
  const lines: string[] = [];
  createInterface({ input: child.stdout as Readable }).on("line", (line) => lines.push(line));
  const ended = once(child, "exit");
  return {
    lines,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const late = setTimeout(() => child.kill("SIGKILL"), stopMs);
      end();
      await ended;
      clearTimeout(late);
    },
  };
}
