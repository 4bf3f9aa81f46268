import type { OnReadOpts } from "node:net";
import { connect, type ConnectionOptions, type TLSSocket } from "node:tls";
import { KerfError } from "@kerf/kernel";
import type { WorkloadIdentity } from "../../../identity/workload-identity.ts";
import { type ProvenPeer, provePeer } from "./prove-peer.ts";
import { applicationProtocol, secureContextOf } from "./secure-context.ts";

/** How connections to other machines prove both of their sides. */
export interface ClientSecurity {
  readonly identity: WorkloadIdentity;
  /** The unit that is placed at an address; undefined when none is known there. */
  readonly unitAt: (address: string) => string | undefined;
}

/** Begins a connection; `secureConnect` comes when its handshake is done. */
export function secureConnect(
  to: { readonly host: string; readonly port: number },
  identity: WorkloadIdentity,
  onread: OnReadOpts,
): TLSSocket {
  // `onread` is Node's (tls.connect) and not in its types.
  const options: ConnectionOptions & { readonly onread: OnReadOpts } = {
    host: to.host,
    port: to.port,
    // No name is sent or compared: who answers is held against the placement, not against a host's name.
    servername: "",
    secureContext: secureContextOf(identity),
    ALPNProtocols: [applicationProtocol],
    rejectUnauthorized: false,
    checkServerIdentity: () => undefined,
    onread,
  };
  return connect(options);
}

/** Reads who answered; throws `unavailable`, not executed, when it is not the unit that is placed there. */
export function assertPlaced(
  socket: TLSSocket,
  address: string,
  security: ClientSecurity,
): ProvenPeer {
  const peer = provePeer(socket, security.identity);
  if (typeof peer === "string") throw notProven(address, peer);
  const expected = security.unitAt(address);
  if (peer.unit !== expected) {
    throw notProven(
      address,
      `The placement has ${expected ?? "no unit"} there, its certificate says ${peer.unit}.`,
    );
  }
  return peer;
}

function notProven(address: string, why: string): KerfError {
  return new KerfError("unavailable", {
    message: `Whoever answers at ${address} did not prove who it is; nothing was sent to it. ${why}`,
    fix: "If it persists, see who listens there, and whether the certificates of both sides are renewed: docs/guides/identity.md",
    retry: "not-executed",
  });
}
