import { createSecureContext, type SecureContext, type SecureContextOptions } from "node:tls";
import { KerfError } from "@kerf/kernel";
import type { WorkloadIdentity } from "../../../identity/workload-identity.ts";

/** The protocol that both sides name in the handshake (ALPN, RFC 7301), so that no other server is taken for one of ours. */
export const applicationProtocol = "kerf/1";

/** What both sides' TLS is set up with: the newest certificate, the environment's authorities and nobody else's, TLS 1.3 only. */
export function secureContextOptions(identity: WorkloadIdentity): SecureContextOptions {
  const { authorities, credentials } = identity;
  if (authorities.length === 0) {
    throw new KerfError("invalid_configuration", {
      message: `${identity.unit} knows no authority whose certificates it could accept.`,
      fix: "Restart the platform, so that it publishes the placement anew: kerf dev",
    });
  }
  return {
    key: credentials.key,
    cert: credentials.certificate,
    ca: [...authorities],
    minVersion: "TLSv1.3",
    maxVersion: "TLSv1.3",
  };
}

interface Made {
  readonly credentials: unknown;
  readonly authorities: unknown;
  readonly context: SecureContext;
}

const made = new WeakMap<WorkloadIdentity, Made>();

/** The context of connections that are made now; the same until the certificate or the authorities are others. */
export function secureContextOf(identity: WorkloadIdentity): SecureContext {
  const { credentials, authorities } = identity;
  const last = made.get(identity);
  if (last?.credentials === credentials && last.authorities === authorities) return last.context;
  const context = createSecureContext(secureContextOptions(identity));
  made.set(identity, { credentials, authorities, context });
  return context;
}
