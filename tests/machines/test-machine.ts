// A machine for tests: Debian's sshd on loopback with keys, configuration and folders of its own, and a stand-in for systemd.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  watch,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { DeployedMachine } from "./deploys.ts";
import { freePort } from "../chaos/free-port.ts";

/** Where Debian has it. */
export const sshd = "/usr/sbin/sshd";
const standIn = fileURLToPath(new URL("stand-in.mjs", import.meta.url));

export class TestMachine implements DeployedMachine {
  /** Holds everything that belongs to it, what is deployed included. */
  readonly folder: string;
  readonly port: number;
  /** For `ssh -F`: its key, its known host, and nothing of the user's. */
  readonly config: string;
  readonly #server: ChildProcess;

  private constructor(folder: string, port: number, server: ChildProcess) {
    this.folder = folder;
    this.port = port;
    this.config = join(folder, "ssh_config");
    this.#server = server;
  }

  static async start(): Promise<TestMachine> {
    const folder = mkdtempSync(join(tmpdir(), "kerf-machine-"));
    const file = (name: string, text: string, mode = 0o600): string => {
      const path = join(folder, name);
      writeFileSync(path, text, { mode });
      return path;
    };
    const port = await freePort();
    for (const key of ["host_key", "user_key"])
      execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(folder, key)]);
    const read = (name: string): string => readFileSync(join(folder, name), "utf8");
    mkdirSync(join(folder, "bin"));
    mkdirSync(join(folder, "state"));
    for (const name of ["systemctl", "journalctl"]) {
      const path = file(
        `bin/${name}`,
        `#!/bin/sh\nexec ${process.execPath} ${standIn} ${name} "$@"\n`,
      );
      chmodSync(path, 0o755);
    }
    file("known_hosts", `[127.0.0.1]:${port} ${read("host_key.pub")}`);
    file("authorized_keys", read("user_key.pub"));
    file(
      "ssh_config",
      `Host *\n IdentityFile ${folder}/user_key\n IdentitiesOnly yes\n UserKnownHostsFile ${folder}/known_hosts\n GlobalKnownHostsFile /dev/null\n StrictHostKeyChecking yes\n`,
    );
    const config = file(
      "sshd_config",
      [
        "ListenAddress 127.0.0.1",
        `Port ${port}`,
        `HostKey ${folder}/host_key`,
        `AuthorizedKeysFile ${folder}/authorized_keys`,
        "PidFile none",
        "PermitRootLogin prohibit-password",
        "PasswordAuthentication no",
        "KbdInteractiveAuthentication no",
        "UsePAM no",
        // It lies below /tmp, which is everybody's.
        "StrictModes no",
        `SetEnv PATH=${folder}/bin:/usr/bin:/bin KERF_STAND_IN=${folder}/state`,
      ].join("\n"),
    );
    // Where it puts itself before it looks at what a client sends; Debian's service makes it.
    mkdirSync("/run/sshd", { recursive: true });
    const server = spawn(sshd, ["-D", "-e", "-f", config], { stdio: ["ignore", "ignore", "pipe"] });
    const said: string[] = [];
    for await (const line of createInterface(server.stderr)) {
      said.push(line);
      if (line.includes("Server listening on")) break;
    }
    server.stderr.resume();
    if (server.exitCode !== null) throw new Error(`sshd ended: ${said.join("\n")}`);
    return new TestMachine(folder, port, server);
  }

  /** `--target` of commands. */
  get target(): string {
    return `ssh://root@127.0.0.1:${this.port}`;
  }

  get directory(): string {
    return join(this.folder, "opt");
  }

  get seen(): string {
    return this.directory;
  }

  socketFolder(here: string): string {
    return here;
  }

  async process(unit: string): Promise<string> {
    const files = ["cmdline", "environ"].map((file) => `/proc/${this.#pidOf(unit)}/${file}`);
    return files.map((file) => readFileSync(file, "utf8")).join("\n");
  }

  async exitCode(unit: string): Promise<number> {
    return Number(readFileSync(join(this.folder, "state/units", unit, "exit"), "utf8"));
  }

  async enabled(): Promise<string[]> {
    return readdirSync(join(this.folder, "state/enabled")).toSorted();
  }

  async nextStart(program: string): Promise<{ seen: Promise<void> }> {
    const starts = (): number =>
      readFileSync(join(this.folder, "state/said"), "utf8")
        .split("\n")
        .filter((line) => line.startsWith(`start kerf-generated-${program}@`)).length;
    const before = starts();
    const said = watch(join(this.folder, "state"));
    const started = async (): Promise<void> => {
      while (starts() === before) await once(said, "change");
      said.close();
    };
    return { seen: started() };
  }

  async log(unit: string): Promise<string> {
    const path = join(this.folder, "state/units", unit, "log");
    return existsSync(path) ? readFileSync(path, "utf8") : "";
  }

  #pidOf(unit: string): number {
    return Number(readFileSync(join(this.folder, "state/units", unit, "pid"), "utf8"));
  }

  /** Ends whatever runs on it, and takes everything away. */
  async stop(): Promise<void> {
    const units = join(this.folder, "state/units");
    for (const unit of existsSync(units) ? readdirSync(units) : []) {
      if (existsSync(join(units, unit, "exit")) || !existsSync(join(units, unit, "pid"))) continue;
      try {
        process.kill(this.#pidOf(unit), "SIGKILL");
      } catch {
        // It ended meanwhile.
      }
    }
    // Connections that were left open by a deploy that was killed.
    const children = `/proc/${this.#server.pid}/task/${this.#server.pid}/children`;
    const sessions = existsSync(children) ? readFileSync(children, "utf8").trim() : "";
    for (const pid of sessions === "" ? [] : sessions.split(" "))
      process.kill(Number(pid), "SIGKILL");
    const ended = once(this.#server, "exit");
    this.#server.kill();
    if (this.#server.exitCode === null) await ended;
    rmSync(this.folder, { recursive: true, force: true });
  }
}
