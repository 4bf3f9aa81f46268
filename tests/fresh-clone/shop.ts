import { type ChildProcess, spawn } from "node:child_process";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Account } from "./account.ts";
import { newcomerEnv } from "./newcomer-env.ts";

/** The shop as `npm start` runs it. */
export interface Shop {
  readonly npm: ChildProcess;
  readonly url: string;
  /** What it has printed so far. */
  readonly output: () => string;
}

/** Types `npm start` in a clone and waits until the gateway answers, at most the given milliseconds. */
export async function startShop(
  clone: string,
  { uid, gid, home }: Account,
  within: number,
): Promise<Shop> {
  const [port, platformPort] = await freePorts(2);
  const npm = spawn("npm", ["start"], {
    cwd: clone,
    uid,
    gid,
    // A process group of its own, as a terminal gives to what is typed into it.
    detached: true,
    env: { ...newcomerEnv(home), PORT: String(port), KERF_PLATFORM_PORT: String(platformPort) },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let printed = "";
  npm.stdout?.on("data", (chunk) => (printed += String(chunk)));
  npm.stderr?.on("data", (chunk) => (printed += String(chunk)));

  const url = `http://127.0.0.1:${port}`;
  const deadline = Date.now() + within;
  while (!(await healthy(url))) {
    if (npm.exitCode !== null || npm.signalCode !== null)
      throw new Error(`npm start ended:\n${printed}`);
    if (Date.now() > deadline)
      throw new Error(`the shop was not ready within ${within} ms:\n${printed}`);
    await sleep(100);
  }
  return { npm, url, output: () => printed };
}

async function healthy(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/health`, { signal: AbortSignal.timeout(2_000) })).ok;
  } catch {
    return false;
  }
}

/** Ports that nobody listens on, held together while they are found, so that they differ. */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
