import { sharesPorts } from "@kerf/call/http";
import { KerfError } from "@kerf/kernel";
import { type AppManifest, mostCopies } from "@kerf/service";

const prefix = "gateway:";

/** Whether what is deployed is a gateway, by its name. */
export function isGateway(unit: string): boolean {
  return unit.startsWith(prefix);
}

/** The unit that a gateway is. */
export function gatewayUnit({ name }: { readonly name: string }): string {
  return prefix + name;
}

/** What runs in a gateway, by the name of its unit: its backend, when it has one; undefined when the app has no such gateway. */
export function gatewayMembers({ gateways }: AppManifest, unit: string): string[] | undefined {
  const gateway = gateways.find((each) => gatewayUnit(each) === unit);
  if (gateway === undefined) return undefined;
  return gateway.backend === undefined ? [] : [gateway.backend.name];
}

/** Most copies of a gateway: they listen on one port, which not every system lets them. */
export const mostGatewayCopies = sharesPorts ? mostCopies : 1;

/** Throws `invalid_input` for more copies of a gateway than can be on this machine. */
export function assertSharedPort(unit: string, copies: number, most = mostGatewayCopies): void {
  if (!isGateway(unit) || copies <= most || most > 1) return;
  throw new KerfError("invalid_input", {
    message: `${unit} can have one copy on this machine, not ${copies}.`,
    why: "Copies of a gateway listen on one port, and only Linux deals the connections of a port out to several programs.",
    fix: "Run it on Linux, or declare a second gateway and put a balancer in front of both.",
  });
}
