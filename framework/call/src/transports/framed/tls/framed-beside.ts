import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { WorkloadIdentity } from "../../../identity/workload-identity.ts";
import { prefaceFor } from "../hello.ts";
import { type FramedServerOptions, type FramedService, serveFramed } from "../server.ts";
import { provePeer } from "./prove-peer.ts";
import { applicationProtocol } from "./secure-context.ts";

/** What a connection begins with, whatever versions its caller speaks. */
const magicBytes = 4;

/** Calls on the port of a listener that speaks something else too. */
export interface FramedBeside extends Pick<FramedService, "close" | "drain"> {
  /** What whoever calls names in its handshake. */
  readonly protocol: string;
  /** What it sends first, where there is no handshake. */
  readonly begins: Buffer;
  /** Takes a connection whose handshake named it, or that began so. */
  accept(socket: Socket | TLSSocket): void;
}

/**
 * Serves calls on connections that another listener took in; who is at their other end is proved here as on a port of our own, and as there to nobody where programs talk in the
 * clear.
 */
export function framedBeside(
  options: FramedServerOptions & { readonly identity: WorkloadIdentity | undefined },
): FramedBeside {
  const { identity, log } = options;
  const service = serveFramed(options);
  return {
    protocol: applicationProtocol,
    begins: prefaceFor().subarray(0, magicBytes),
    accept(socket) {
      if (identity === undefined) {
        socket.allowHalfOpen = false;
        return void service.accept(socket);
      }
      if (!isSecure(socket)) return void socket.destroy();
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

function isSecure(socket: Socket): socket is TLSSocket {
  return "encrypted" in socket;
}
