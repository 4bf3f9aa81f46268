import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** How long, and how often, the lock is tried, milliseconds. */
const retry = { forMs: 3_000, everyMs: 5 };

/**
 * Does `work` while no other gateway of this user is between its look at a port and its listening there: two apps that start in the same moment would both find it free,
 * and share it from then on. An abstract Unix socket (Linux), because the system gives it back whatever happens to its holder, and because it is seen wherever the
 * port is. Whoever holds it for longer than a start takes hangs: after a bound the work is done without.
 */
export async function withPortLock<T>(work: () => Promise<T>): Promise<T> {
  const lock = await acquire(`\0kerf-gateway-ports-${process.getuid?.() ?? ""}`);
  try {
    return await work();
  } finally {
    lock?.close();
  }
}

async function acquire(name: string): Promise<Server | undefined> {
  const until = performance.now() + retry.forMs;
  while (performance.now() < until) {
    const server = createServer((socket) => void socket.destroy());
    try {
      server.listen(name);
      await once(server, "listening");
      server.unref();
      return server;
    } catch {
      await sleep(retry.everyMs);
    }
  }
  return undefined;
}
