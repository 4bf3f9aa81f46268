import { createHash } from "node:crypto";
import { totalmem } from "node:os";

/** Memory for data, at least, bytes. */
const leastBytes = 268_435_456;

/** What a server that we run may keep, bytes: an eighth of the machine. A rewrite of its file may take as much again for a moment. */
export const redisMemoryBytes = Math.max(leastBytes, Math.floor(totalmem() / 8));

/** Where a server finds its things, as it sees them itself. */
export interface RedisFolders {
  readonly data: string;
  /** The Unix socket, which is the only way to it. */
  readonly socket: string;
  /** The file that keeps its users, in a folder that it may write to. */
  readonly users: string;
}

/** The configuration of a server that we run. Nothing secret: passwords are hashes in the file of users. */
export function redisConfiguration({ data, socket, users }: RedisFolders): string {
  const settings: readonly (readonly [string, string])[] = [
    // On no network.
    ["port", "0"],
    ["unixsocket", quoted(socket)],
    ["unixsocketperm", "700"],
    ["aclfile", quoted(users)],
    ["dir", quoted(data)],
    // Every change is in the file within a second; a change that was answered may be lost with the machine, not with the process.
    ["appendonly", "yes"],
    ["appendfsync", "everysec"],
    ["save", '""'],
    ["maxmemory", String(redisMemoryBytes)],
    // What was stored is never dropped to make room: a write that does not fit is refused.
    ["maxmemory-policy", "noeviction"],
    ["maxclients", "2000"],
    ["daemonize", "no"],
    ["logfile", '""'],
    // Its arguments say whose it is.
    ["set-proc-title", "no"],
  ];
  const lines = settings.map(([name, value]) => `${name} ${value}\n`);
  return `# Written by Kerf at every start.\n${lines.join("")}`;
}

/** The file of users that a new server starts with: the platform, and nobody else. */
export function firstUsers(adminPassword: string): string {
  return `user default on sanitize-payload #${passwordHash(adminPassword)} ~* &* +@all\n`;
}

/** A password as users are given it, so that no log of commands has it. */
export function passwordHash(password: string): string {
  return createHash("sha256").update(password).digest("hex");
}

function quoted(text: string): string {
  return `"${text.replaceAll(/["\\]/g, "\\$&")}"`;
}
