import { type FramedServer, Inbound, listenFramed, PrincipalVerifier } from "@kerf/call";
import type { TimerWheel } from "@kerf/kernel";
import type { Logger } from "@kerf/telemetry";
import { type HostsServiceOptions, hostsService } from "./hosts-service.ts";

/** Listens where instances and gateways attach: a Unix socket in a directory that only we may enter. */
export function listenHosts(
  options: HostsServiceOptions & {
    socket: string;
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
  return listenFramed(`unix:${options.socket}`, {
    dispatcher,
    clock,
    wheel,
    log,
    instance: "platform",
  });
}
