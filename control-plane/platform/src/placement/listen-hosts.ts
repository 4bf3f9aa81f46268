import { chownSync } from "node:fs";
import { type FramedServer, Inbound, listenFramed, PrincipalVerifier } from "@kerf/call";
import type { TimerWheel } from "@kerf/kernel";
import type { Logger } from "@kerf/telemetry";
import type { Containers } from "../runtimes/docker/containers.ts";
import { type HostsServiceOptions, hostsService } from "./hosts-service.ts";

/** Listens where instances and gateways attach: a Unix socket in a directory that only we may enter, and one that containers see. */
export async function listenHosts(
  options: HostsServiceOptions & {
    socket: string;
    containers: Pick<Containers, "socket" | "user"> | undefined;
    environment: string;
    wheel: TimerWheel;
    log: Logger;
  },
): Promise<FramedServer> {
  const { clock, wheel, log, environment } = options;
  const dispatcher = new Inbound({
    services: [hostsService(options)],
    clock,
    wheel,
    log,
    checked: false,
    // Each call proves itself by the token of its instance.
    mayCall: () => true,
    principals: new PrincipalVerifier(() => [], { environment, clock }),
  });
  const listen = (socket: string): Promise<FramedServer> =>
    listenFramed(`unix:${socket}`, { dispatcher, clock, wheel, log, instance: "platform" });
  const server = await listen(options.socket);
  const { containers } = options;
  if (containers === undefined) return server;
  const second = await listen(containers.socket);
  // A socket is its owner's alone, and in containers that is not root.
  if (process.getuid?.() === 0)
    chownSync(containers.socket, containers.user.uid, containers.user.gid);
  const close = async (): Promise<void> => {
    await Promise.all([server.close(), second.close()]);
  };
  return { ...server, close };
}
