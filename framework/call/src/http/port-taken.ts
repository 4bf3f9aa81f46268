import { readdir, readFile, readlink } from "node:fs/promises";
import { KerfError } from "@kerf/kernel";

/** The error of a port that somebody else listens on; names the program where the system tells. */
export async function portTaken(host: string, port: number, cause: unknown): Promise<KerfError> {
  const holder = await portHolder(port).catch(() => undefined);
  return new KerfError("start_failed", {
    message: `Port ${port} of ${host} is taken${holder === undefined ? "" : ` by process ${holder.pid} (${holder.command})`}.`,
    why: "Another program listens there.",
    fix: `Stop it${holder === undefined ? ` (to find it: lsof -i :${port})` : ""}, or take another port.`,
    data: { host, port, ...(holder === undefined ? undefined : { pid: holder.pid }) },
    cause,
  });
}

/** The process that listens on a TCP port, as far as /proc (Linux) shows it to this user. */
async function portHolder(port: number): Promise<{ pid: number; command: string } | undefined> {
  const inodes = new Set<string>();
  for (const table of ["/proc/net/tcp", "/proc/net/tcp6"]) {
    const lines = (await readFile(table, "utf8").catch(() => "")).split("\n").slice(1);
    for (const line of lines) {
      const fields = line.trim().split(/\s+/);
      // The local address is HEX:PORT, state 0A is LISTEN, the tenth field the inode.
      if (Number.parseInt(fields[1]?.split(":")[1] ?? "", 16) === port && fields[3] === "0A")
        inodes.add(`socket:[${fields[9]}]`);
    }
  }
  if (inodes.size === 0) return undefined;
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    const descriptors = await readdir(`/proc/${pid}/fd`).catch(() => []);
    for (const descriptor of descriptors) {
      const target = await readlink(`/proc/${pid}/fd/${descriptor}`).catch(() => "");
      if (!inodes.has(target)) continue;
      // The program's name only: arguments may hold secrets.
      const command = (await readFile(`/proc/${pid}/comm`, "utf8").catch(() => "?")).trim();
      return { pid: Number(pid), command };
    }
  }
  return undefined;
}
