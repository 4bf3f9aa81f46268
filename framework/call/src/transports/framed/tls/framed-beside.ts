import type { TLSSocket } from "node:tls";
import type { WorkloadIdentity } from "../../../identity/workload-identity.ts";
import { type FramedServerOptions, type FramedService, serveFramed } from "../server.ts";
import { provePeer } from "./prove-peer.ts";
import { applicationProtocol } from "./secure-context.ts";

/** Calls on the port of a listener that speaks something else too. */
export interface FramedBeside extends Pick<FramedService, "close" | "drain"> {
  /** What whoever calls names in its handshake. */
  readonly protocol: string;
  /** Takes a connection whose handshake named it. */
  accept(socket: TLSSocket): void;
}

/** Serves calls on connections that another listener took in; who is at their other end is proved here as on a port of our own. */
export function framedBeside(
  options: FramedServerOptions & { readonly identity: WorkloadIdentity },
): FramedBeside {
  const { identity, log } = options;
  const service = serveFramed(options);
  return {
    protocol: applicationProtocol,
    accept(socket) {
      const peer = provePeer(socket, identity);
      if (typeof peer !== "string")
        return service.accept(socket, peer).endIn(identity, peer.endsInMs);
      log.warn("a caller was refused", { address: socket.remoteAddress, why: peer });
      socket.destroy();
    },
    drain: () => service.drain(),
    close: () => service.close(),
  };
}
