import type { Snapshot } from "./placement.ts";

/**
 * Whether the placement lets `caller` call `service`: services what they declare as `uses` and themselves, gateways what
 * they expose or use, a gateway's backend what it uses, the platform and its operator everything. Nobody when there is no
 * snapshot yet.
 */
export function mayCall(snapshot: Snapshot | undefined, caller: string, service: string): boolean {
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
  if (Object.hasOwn(snapshot.services, caller))
    return snapshot.services[caller]?.uses.includes(service) ?? false;
  return Object.values(snapshot.gateways).some(
    (gateway) => gateway.backend?.name === caller && gateway.uses.includes(service),
  );
}
