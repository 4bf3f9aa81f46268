import type { Server } from "node:http";
import type { AnyBoot } from "@kerf/call";
import { KerfError, type LifecycleState } from "@kerf/kernel";

/** A request that does not come to its end is dropped, milliseconds; probes are a line. */
const requestMs = 5_000;
/** Probes come one at a time. */
const maxConnections = 16;

/** Where a unit says whether it lives. */
export interface HealthPort {
  /** Throws `start_failed` when the port cannot be had. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * The health of a unit that no platform watches: `/health/live` answers 200 while the process does, `/health/ready` while it is to be sent calls, else 503.
 * Undefined where the boot document names no port.
 */
export function healthOf(boot: AnyBoot, state: () => LifecycleState): HealthPort | undefined {
  if (boot.platform !== undefined || boot.health === undefined) return undefined;
  const { host, port } = boot.health;
  let server: Server | undefined;
  return {
    async start() {
      // Loaded here: units that a platform runs have no use for it.
      const { createServer } = process.getBuiltinModule("node:http");
      server = createServer({ requestTimeout: requestMs }, (request, response) => {
        const status = statusOf(request.url, state());
        response.writeHead(status, { "content-type": "application/json" });
        response.end(JSON.stringify({ status: state() }));
      });
      server.maxConnections = maxConnections;
      await listen(server, host, port);
    },
    stop() {
      server?.closeAllConnections();
      return new Promise((resolve) => {
        if (server === undefined) resolve();
        else server.close(() => resolve());
      });
    },
  };
}

function statusOf(url: string | undefined, state: LifecycleState): number {
  if (url === "/health/live") return 200;
  if (url === "/health/ready") return state === "ready" ? 200 : 503;
  return 404;
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause) =>
      reject(
        new KerfError("start_failed", {
          message: `The port for probes, ${host}:${port}, cannot be had.`,
          why: cause.message,
          fix: "Name another one as health.port in the boot document.",
          cause,
        }),
      ),
    );
    server.listen(port, host, resolve);
  });
}
