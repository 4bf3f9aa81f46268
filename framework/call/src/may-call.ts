import type { Snapshot } from "./placement.ts";

/** Name under which a service's log is read over the call path; no author's operation has an underscore. */
export const readEvents = "kerf_events";

/** Whether an operation is one that the platform adds to every service. */
export function isPlatforms(operation: string): boolean {
  return operation.startsWith("kerf_");
}

/**
 * Whether the placement lets `caller` call `service`: services what they declare as `uses` and themselves, and the logs of those whose events they follow, gateways what
 * they expose or use, a gateway's backend what it uses, the platform and its operator everything. Nobody when there is no
 * snapshot yet.
 */
export function mayCall(
  snapshot: Snapshot | undefined,
  caller: string,
  service: string,
  operation: string,
): boolean {
  if (caller === service || caller === "platform" || caller === "operator") return true;
  if (snapshot === undefined) return false;
  if (caller.startsWith("gateway:")) {
    const name = caller.slice("gateway:".length);
    const gateway = Object.hasOwn(snapshot.gateways, name) ? snapshot.gateways[name] : undefined;
    if (gateway === undefined) return false;
    return (
      gateway.backend?.name === service ||
      gateway.uses.includes(service) ||
      gateway.expose.some((contract) => contract.name === service)
    );
  }
  const placed = Object.hasOwn(snapshot.services, caller) ? snapshot.services[caller] : undefined;
  if (placed !== undefined) {
    const allowed = operation === readEvents ? (placed.follows ?? placed.uses) : placed.uses;
    return allowed.includes(service);
  }
  return Object.values(snapshot.gateways).some(
    (gateway) => gateway.backend?.name === caller && gateway.uses.includes(service),
  );
}
