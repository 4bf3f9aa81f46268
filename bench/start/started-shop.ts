import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort } from "kerf-tests/chaos/free-port";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** A shop started by a command line, and how long it took until the gateway answered. */
export interface StartedShop {
  seconds: number;
  home: string;
  url: string;
  stop(): Promise<void>;
}

/** Runs `command` in the workspace with ports of its own; resolves once GET /products answers 200. */
export async function startShop(
  home: string,
  command: string,
  args: readonly string[],
): Promise<StartedShop> {
  const port = await freePort();
  const since = performance.now();
  const child = spawn(command, args, {
    cwd: root,
    env: {
      ...process.env,
      PORT: String(port),
      KERF_PLATFORM_PORT: String(await freePort()),
      KERF_HOME: home,
      NO_COLOR: "1",
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const url = `http://127.0.0.1:${port}`;
  try {
    await firstAnswer(`${url}/products?limit=1`, child);
  } catch (cause) {
    await stop(child);
    throw new Error(`${String(cause)}\n${output}`);
  }
  return { seconds: (performance.now() - since) / 1_000, home, url, stop: () => stop(child) };
}

/** The process ids of the units, from the status of the platform. */
export async function unitPids(home: string): Promise<{ unit: string; pid: number }[]> {
  const { url } = JSON.parse(await readFile(join(home, "platform.json"), "utf8")) as {
    url: string;
  };
  const token = (await readFile(join(home, "token"), "utf8")).trim();
  const response = await fetch(`${url}/api/status`, {
    headers: { authorization: `Bearer ${token}` },
  });
  const status = (await response.json()) as {
    units: { name: string; instances: { pid: number }[] }[];
  };
  return status.units.flatMap((unit) =>
    unit.instances.map(({ pid }) => ({ unit: unit.name, pid })),
  );
}

async function firstAnswer(url: string, child: ChildProcess): Promise<void> {
  const end = performance.now() + 60_000;
  while (performance.now() < end) {
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}`);
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
      await response.arrayBuffer();
      if (response.status === 200) return;
    } catch {
      // Not listening yet.
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error("no answer within 60 s");
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGINT");
  await once(child, "exit");
}
