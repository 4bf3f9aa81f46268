import type { PlacedService, Snapshot } from "./placement.ts";

/** Name under which a service's log is read over the call path; no author's operation has an underscore. */
export const readEvents = "kerf_events";

/** Whether an operation is one that the platform adds to every service. */
export function isPlatforms(operation: string): boolean {
  return operation.startsWith("kerf_");
}

/**
 * Whether the placement lets `caller` call `operation` of `service`: services what they declare as `uses`, whole or in part, and themselves, and the logs of those whose events they follow, gateways what
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
      usesOperation(gateway, service, operation) ||
      gateway.expose.some((contract) => contract.name === service)
    );
  }
  const placed = Object.hasOwn(snapshot.services, caller) ? snapshot.services[caller] : undefined;
  if (placed !== undefined) {
    if (operation === readEvents) return (placed.follows ?? placed.uses).includes(service);
    return usesOperation(placed, service, operation);
  }
  return Object.values(snapshot.gateways).some(
    (gateway) => gateway.backend?.name === caller && usesOperation(gateway, service, operation),
  );
}

/** Whether it declares that it uses `service`, and this operation where it uses it in part. */
function usesOperation(
  { operations, uses }: Pick<PlacedService, "operations" | "uses">,
  service: string,
  operation: string,
): boolean {
  if (!uses.includes(service)) return false;
  if (operations === undefined || !Object.hasOwn(operations, service)) return true;
  return operations[service]?.includes(operation) === true;
}
