import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { docker } from "./docker.ts";

const run = promisify(execFile);
/** Debian's own tool, which makes a system out of its packages. */
const debootstrap = "/usr/sbin/debootstrap";
/** What a deploy needs of a machine beside systemd, and sshd. */
const packages = ["systemd", "systemd-sysv", "dbus", "openssh-server", "libstdc++6", "libatomic1"];
/** Kept between runs: it takes minutes to make. */
export const systemdImage = "kerf-test/systemd:1";

/** What is missing for an image of a whole Debian, or nothing. */
export function lackingDebian(): string | undefined {
  return existsSync(debootstrap) ? undefined : `needs ${debootstrap} (Debian's debootstrap)`;
}

/** Makes an image of a Debian that systemd runs, out of Debian's packages, unless there is one. */
export async function buildSystemdImage(): Promise<void> {
  if ((await docker("images", "-q", systemdImage)) !== "") return;
  const folder = await mkdtemp(join(tmpdir(), "kerf-debian-"));
  try {
    const root = join(folder, "root");
    const include = `--include=${packages.join(",")}`;
    await run(debootstrap, ["--variant=minbase", include, "bookworm", root]);
    // It shares this machine's network; the test starts its own.
    await rm(join(root, "etc/systemd/system/multi-user.target.wants/ssh.service"));
    const archive = join(folder, "root.tar");
    await run("tar", [
      "-C",
      root,
      "--exclude=./var/cache/apt",
      "--exclude=./dev",
      "-cf",
      archive,
      ".",
    ]);
    await docker("import", archive, systemdImage);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
