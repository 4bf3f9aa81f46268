import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("./main.ts", import.meta.url));
/** Says to a program that it runs in a network that was made for it. */
const variable = "KERF_FAULTS_OWN_NETWORK";
/**
 * Moves the rule that finds local addresses behind the one that a scenario adds, so that the latter can drop what goes from this machine to
 * itself; the network has nothing but its loopback.
 */
const setUp =
  'ip link set lo up && ip rule add pref 100 lookup local && ip rule del pref 0 lookup local && exec "$@"';

/** Whether this program runs in a network of its own. */
export const isInOwnNetwork = process.env[variable] === "1";

/** Why no network can be made here; undefined when one can. */
export function lacksNetwork(): string | undefined {
  if (process.platform !== "linux") return "network namespaces are Linux's";
  if (process.getuid?.() !== 0) return "only root can make a network namespace";
  const tried = spawnSync("unshare", ["--net", "sh", "-c", setUp, "sh", "true"], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  if (tried.status === 0) return undefined;
  return `no network namespace can be made: ${String(tried.error ?? tried.stderr).trim()}`;
}

/** Runs this command anew in a network of its own; resolves with the lines of JSON that it prints, which `--json` makes it do. */
export async function inOwnNetwork(
  args: readonly string[],
  signal: AbortSignal,
): Promise<{ code: number | null; stdout: string }> {
  const node = [process.execPath, ...process.execArgv, main, ...args, "--json"];
  const child: ChildProcess = spawn("unshare", ["--net", "sh", "-c", setUp, "sh", ...node], {
    env: { ...process.env, [variable]: "1" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  // As Ctrl-C does, so that it takes down what it started.
  signal.addEventListener("abort", () => child.kill("SIGINT"));
  let stdout = "";
  child.stdout?.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, stdout };
}
