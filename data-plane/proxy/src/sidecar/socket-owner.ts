import { readFile } from "node:fs/promises";
import type { Socket } from "node:net";

/** Columns of /proc/net/tcp (proc_pid_net(5)). */
const localColumn = 1;
const remoteColumn = 2;
const stateColumn = 3;
const uidColumn = 7;
const listening = "0A";

/** Whether this system says whose socket it is: Linux does. */
export const knowsOwners: boolean = process.platform === "linux";

/** Whether the other end of a connection over loopback belongs to this user or to root; false where the system does not say. */
export async function isOwnConnection(socket: Socket): Promise<boolean> {
  const { remotePort, localPort } = socket;
  if (remotePort === undefined || localPort === undefined) return false;
  return owned(
    (row) => portOf(row[localColumn]) === remotePort && portOf(row[remoteColumn]) === localPort,
  );
}

/** Whether whoever listens at a port of this machine is this user or root; true where the system does not say. */
export async function isOwnListener(port: number): Promise<boolean> {
  if (!knowsOwners) return true;
  return owned((row) => row[stateColumn] === listening && portOf(row[localColumn]) === port);
}

/** Whether there is such a socket, and every one is of this user or of root. */
async function owned(matches: (row: readonly string[]) => boolean): Promise<boolean> {
  if (!knowsOwners) return false;
  const tables = await Promise.all(
    // A kernel without IPv6 has no second table.
    ["/proc/net/tcp", "/proc/net/tcp6"].map((path) => readFile(path, "utf8").catch(() => "")),
  );
  const owners = tables
    .flatMap((table) => table.split("\n").slice(1))
    .map((line) => line.trim().split(/\s+/))
    .filter((row) => row.length > uidColumn && matches(row))
    .map((row) => Number(row[uidColumn]));
  return owners.length > 0 && owners.every((uid) => uid === 0 || uid === process.getuid?.());
}

function portOf(address: string | undefined): number {
  return Number.parseInt(address?.split(":")[1] ?? "", 16);
}
