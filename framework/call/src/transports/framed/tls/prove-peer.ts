import type { TLSSocket } from "node:tls";
import { parseSpiffeId, spiffeIdOf } from "../../../identity/spiffe.ts";
import type { WorkloadIdentity } from "../../../identity/workload-identity.ts";
import { applicationProtocol } from "./secure-context.ts";

/** Who the other side of a connection is, by its certificate. */
export interface ProvenPeer {
  /** A unit's name, `gateway:NAME` or `kerf:platform`. */
  readonly unit: string;
  /** Milliseconds until one of the two certificates expires. */
  readonly endsInMs: number;
}

/** Reads who is at the other end of `socket`, whose TLS handshake is done; or why that is not accepted, as a sentence. */
export function provePeer(socket: TLSSocket, identity: WorkloadIdentity): ProvenPeer | string {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return "It showed no certificate.";
  if (!socket.authorized) {
    return `Its certificate is not accepted (${String(socket.authorizationError)}).`;
  }
  // A resumed session was checked when it began: its certificate may have expired since, its authority may be trusted no more.
  if (socket.isSessionReused()) return "It resumed an earlier session, which is not accepted.";
  if (socket.alpnProtocol !== applicationProtocol)
    return `It does not speak ${applicationProtocol}.`;
  const id = spiffeIdOf(certificate);
  const named = id === undefined ? undefined : parseSpiffeId(id);
  if (named === undefined) return "Its certificate names no unit (one URI, spiffe://…).";
  if (named.environment !== identity.environment) {
    return `It is ${id}, of another environment than ${identity.environment}.`;
  }
  const endsInMs = Math.min(
    identity.remainingMs(identity.credentials.expiresAt),
    identity.remainingMs(certificate.validToDate.getTime()),
  );
  if (endsInMs <= 0) return `A certificate has expired: of ${id}, or our own.`;
  return { unit: named.unit, endsInMs };
}
