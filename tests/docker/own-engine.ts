import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { docker } from "./docker.ts";

const program = "/usr/sbin/dockerd";
const holder = "/usr/bin/containerd";
/** Where its networks get their addresses from: another range than the usual ones of the machine's own Docker. */
const addresses = "base=10.213.0.0/16,size=24";
/** How long a program may take until it is ready, milliseconds. */
const startMs = 60_000;
/** Lines that are shown of one that did not. */
const shownLines = 20;

/** Why there can be no second Docker here. */
export function lackingOwnEngine(): string | undefined {
  if (existsSync(program) && existsSync(holder) && process.getuid?.() === 0) return undefined;
  const reason = `needs ${program}, ${holder} and root, for a Docker of its own that is restarted`;
  console.log(`skipped: ${reason}`);
  return reason;
}

/**
 * A Docker beside the one of this machine, which shares nothing with it: data, state, sockets and networks of its own. It writes no rules for packets, since those of
 * both would stand in each other's way; so its containers are reached from this machine, and do not reach each other. As where the system starts it, the program
 * that holds containers is another one, which a restart leaves alone.
 */
export class OwnEngine {
  /** What `DOCKER_HOST` is to be. */
  readonly host: string;
  readonly #folder: string;
  readonly #holder: ChildProcess;
  #daemon: ChildProcess | undefined;

  private constructor(folder: string, holder: ChildProcess) {
    this.#folder = folder;
    this.#holder = holder;
    this.host = `unix://${join(folder, "docker.sock")}`;
  }

  static async make(): Promise<OwnEngine> {
    const folder = await mkdtemp(join(tmpdir(), "kerf-engine-"));
    const at = (name: string): string => join(folder, name);
    // In the place of what this machine's own are told.
    await writeFile(at("daemon.json"), "{}");
    await writeFile(
      at("holder.toml"),
      'version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n',
    );
    const places = ["--address", at("holder.sock"), "--root", at("kept"), "--state", at("held")];
    const args = ["--config", at("holder.toml"), ...places];
    return new OwnEngine(folder, await started(holder, args, /containerd successfully booted/));
  }

  /** Starts it; resolves when it listens. `liveRestore`: containers outlive it. */
  async start({ liveRestore }: { liveRestore: boolean }): Promise<void> {
    const at = (name: string): string => join(this.#folder, name);
    const places = ["--data-root", at("data"), "--exec-root", at("exec"), "--pidfile", at("pid")];
    const talks = ["--host", this.host, "--containerd", at("holder.sock")];
    const networks = ["--bridge", "none", "--default-address-pool", addresses];
    const rules = ["--iptables=false", "--ip-masq=false", "--userland-proxy=false"];
    const asked = ["--config-file", at("daemon.json"), `--live-restore=${liveRestore}`];
    const args = [...places, ...talks, ...networks, ...rules, ...asked];
    this.#daemon = await started(program, args, /API listen on/);
  }

  /** Ends it as the system does, or without a word. */
  async end(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    const daemon = this.#daemon;
    this.#daemon = undefined;
    if (daemon !== undefined) await ended(daemon, signal);
  }

  /** Ends it with everything that it runs, and removes its data. */
  async remove(): Promise<void> {
    if (this.#daemon !== undefined) {
      const left = (await docker("ps", "--all", "--quiet")).split("\n").filter((id) => id !== "");
      if (left.length > 0) await docker("rm", "--force", ...left);
      await docker("network", "prune", "--force");
      await this.end("SIGTERM");
    }
    await ended(this.#holder, "SIGTERM");
    for (const place of mountsBelow(this.#folder)) execFileSync("umount", ["--lazy", place]);
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** Starts a program; resolves once it says that it is ready. */
async function started(
  file: string,
  args: readonly string[],
  ready: RegExp,
): Promise<ChildProcess> {
  const child = spawn(file, args, { stdio: ["ignore", "ignore", "pipe"] });
  const last: string[] = [];
  const { promise, reject, resolve } = Promise.withResolvers<void>();
  const late = setTimeout(() => reject(new Error(`not ready after ${startMs} ms`)), startMs);
  createInterface({ input: child.stderr }).on("line", (line) => {
    last.push(line);
    if (last.length > shownLines) last.shift();
    if (ready.test(line)) resolve();
  });
  child.once("exit", (code) => reject(new Error(`it ended with ${code}`)));
  try {
    await promise;
    return child;
  } catch (cause) {
    child.kill("SIGKILL");
    throw new Error(`${file} did not start:\n${last.join("\n")}`, { cause });
  } finally {
    clearTimeout(late);
  }
}

async function ended(child: ChildProcess, signal: "SIGKILL" | "SIGTERM"): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.kill(signal);
  await exit;
}

/** What a daemon that was killed has left mounted, the innermost first. */
function mountsBelow(folder: string): string[] {
  return readFileSync("/proc/self/mounts", "utf8")
    .split("\n")
    .map((line) => line.split(" ")[1] ?? "")
    .filter((place) => place.startsWith(`${folder}/`))
    .toReversed();
}
