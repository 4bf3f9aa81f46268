import type { X509Certificate } from "node:crypto";

/** The unit that the platform itself is in certificates; no unit of an app has a colon. */
export const platformUnit = "kerf:platform";

/**
 * The SPIFFE id of a unit in an environment: `spiffe://dev/orders`; of a gateway (`gateway:web`) `spiffe://dev/gateway/web`, of the
 * platform `spiffe://dev/kerf/platform`.
 */
export function spiffeId(environment: string, unit: string): string {
  return `spiffe://${environment}/${unit.replace(":", "/")}`;
}

const idForm = /^spiffe:\/\/([a-z0-9._-]{1,255})\/([A-Za-z0-9._-]+)(?:\/([A-Za-z0-9._-]+))?$/;

/** The environment and the unit that a SPIFFE id names; undefined when it is none of ours. */
export function parseSpiffeId(id: string): { environment: string; unit: string } | undefined {
  const match = idForm.exec(id);
  if (match === null) return undefined;
  const [, environment, first, second] = match as unknown as [string, string, string, string?];
  return { environment, unit: second === undefined ? first : `${first}:${second}` };
}

/**
 * The SPIFFE id in a certificate. An X.509-SVID has exactly one URI (SPIFFE's X.509-SVID, section 2); ours have no other names beside it, so
 * that nothing else can be taken for it. Undefined when the certificate has another form.
 */
export function spiffeIdOf(certificate: X509Certificate): string | undefined {
  const names = certificate.subjectAltName ?? "";
  // Node quotes a name that could be mistaken for several; such a one is not ours.
  if (certificate.ca || !names.startsWith("URI:") || /[\s,"]/.test(names)) return undefined;
  return names.slice("URI:".length);
}
