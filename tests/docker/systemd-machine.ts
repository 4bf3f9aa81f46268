// A machine that a real systemd runs: Debian in a container, on this machine's own network, with sshd on loopback.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { createInterface } from "node:readline";
import { freePort } from "../chaos/free-port.ts";
import { eventually } from "../shop/running-shop.ts";
import type { DeployedMachine } from "../machines/deploys.ts";
import { docker } from "./docker.ts";
import { systemdImage } from "./systemd-image.ts";

/** What is deployed, and sockets of PostgreSQL, as the machine has them: beside `/tmp`, of which units have one of their own. */
const [deployed, sockets] = ["/srv/kerf", "/srv/sockets"];
/** Where a temporary PostgreSQL has its folder. */
const memory = "/dev/shm";
/** What systemd needs of a container beside what every one has; it makes its own control groups, and runs with nothing else of the host's. */
const rights = [
  ...["SYS_ADMIN", "NET_ADMIN", "SYS_PTRACE", "DAC_READ_SEARCH", "SYS_NICE"].flatMap((one) => [
    "--cap-add",
    one,
  ]),
  "--security-opt",
  "seccomp=unconfined",
  "--cgroupns",
  "private",
  ...["/run", "/run/lock", "/sys/fs/cgroup", "/tmp:exec"].flatMap((path) => ["--tmpfs", path]),
];

export class SystemdMachine implements DeployedMachine {
  readonly folder: string;
  readonly config: string;
  readonly target: string;
  readonly directory = deployed;
  readonly seen: string;
  readonly #container: string;

  private constructor(folder: string, port: number, container: string) {
    this.folder = folder;
    this.config = join(folder, "ssh_config");
    this.seen = join(folder, "opt");
    this.target = `ssh://root@127.0.0.1:${port}`;
    this.#container = container;
  }

  static async start(): Promise<SystemdMachine> {
    const folder = mkdtempSync(join(tmpdir(), "kerf-machine-"));
    const file = (name: string, text: string): void =>
      writeFileSync(join(folder, name), text, { mode: 0o600 });
    const port = await freePort();
    for (const key of ["host_key", "user_key"])
      execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(folder, key)]);
    const read = (name: string): string => readFileSync(join(folder, name), "utf8");
    file("known_hosts", `[127.0.0.1]:${port} ${read("host_key.pub")}`);
    file("authorized_keys", read("user_key.pub"));
    file(
      "ssh_config",
      `Host *\n IdentityFile ${folder}/user_key\n IdentitiesOnly yes\n UserKnownHostsFile ${folder}/known_hosts\n GlobalKnownHostsFile /dev/null\n StrictHostKeyChecking yes\n`,
    );
    const keys = "/srv/keys";
    file(
      "sshd_config",
      `ListenAddress 127.0.0.1\nPort ${port}\nHostKey ${keys}/host_key\nAuthorizedKeysFile ${keys}/authorized_keys\nPidFile none\nPermitRootLogin prohibit-password\nPasswordAuthentication no\nUsePAM no\nStrictModes no\n`,
    );
    mkdirSync(join(folder, "opt"), { mode: 0o755 });
    const mounts = [
      ["-v", `${folder}:${keys}:ro`],
      ["-v", `${join(folder, "opt")}:${deployed}`],
      // PostgreSQL starts later; its sockets lie in memory.
      ["-v", `${memory}:${sockets}:ro`],
    ].flat();
    // As on a machine, what systemd mounts for a unit is seen by it: by default nothing in a container is shared.
    const init = [
      systemdImage,
      "/bin/sh",
      "-c",
      "mount --make-rshared / && exec /lib/systemd/systemd",
    ];
    const network = ["--network", "host", "-e", "container=docker"];
    const args = [
      "run",
      "-d",
      "--label",
      "dev.kerf.test=systemd",
      ...network,
      ...rights,
      ...mounts,
    ];
    const container = await docker(...args, ...init);
    const machine = new SystemdMachine(folder, port, container);
    try {
      const look = (): Promise<string> => machine.#run("systemctl", "is-system-running", "--wait");
      // Until it listens there is nobody to ask.
      await eventually("systemd runs it", () => look().catch(() => undefined));
      await machine.#run("mkdir", "-p", "/run/sshd");
      const config = `${keys}/sshd_config`;
      await machine.#run("systemd-run", "--unit=test-sshd", "/usr/sbin/sshd", "-D", "-f", config);
    } catch (thrown) {
      await machine.stop();
      throw thrown;
    }
    return machine;
  }

  socketFolder(here: string): string {
    // Its owner's alone; those who work with a database are other users on the machine.
    for (const folder of [here, dirname(here)]) chmodSync(folder, 0o755);
    for (const name of readdirSync(here).filter((one) => /^\.s\.PGSQL\.\d+$/.test(one)))
      chmodSync(join(here, name), 0o777);
    return join(sockets, relative(memory, here));
  }

  async process(unit: string): Promise<string> {
    const pid = await this.#run("systemctl", "show", "-P", "MainPID", unit);
    return this.#run("cat", `/proc/${pid}/cmdline`, `/proc/${pid}/environ`);
  }

  async exitCode(unit: string): Promise<number> {
    const said = await this.#run("systemctl", "show", "-P", "ExecMainStatus", unit);
    return Number(said);
  }

  async enabled(): Promise<string[]> {
    const said = await this.#run("ls", "/etc/systemd/system/multi-user.target.wants");
    return said
      .split("\n")
      .filter((name) => name.startsWith("kerf-"))
      .toSorted();
  }

  async nextStart(program: string): Promise<{ seen: Promise<void> }> {
    const unit = `kerf-generated-${program}@*`;
    const follow = ["journalctl", "--follow", "--lines=1", "--output=cat", "--unit", unit];
    const journal = spawn("docker", ["exec", this.#container, ...follow], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    const lines = createInterface(journal.stdout);
    // The last line of before: from here on it follows.
    await once(lines, "line");
    const seen = async (): Promise<void> => {
      for await (const line of lines) if (/^Start(?:ing|ed) /.test(line)) break;
      journal.kill();
    };
    return { seen: seen() };
  }

  log(unit: string): Promise<string> {
    return this.#run("journalctl", "--no-pager", "--output=cat", "--unit", unit);
  }

  async stop(): Promise<void> {
    await docker("rm", "--force", "--volumes", this.#container);
    rmSync(this.folder, { recursive: true, force: true });
  }

  #run(...command: string[]): Promise<string> {
    return docker("exec", this.#container, ...command);
  }
}
