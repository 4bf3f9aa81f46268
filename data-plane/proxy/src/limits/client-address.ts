import type { IncomingMessage } from "node:http";
import { type BlockList, isIP } from "node:net";

/**
 * The address of the client: of the connection, or as proxies that are trusted tell it. Of `X-Forwarded-For` the right-most address
 * counts that is no trusted proxy's, since whatever stands left of it the client may have written.
 */
export function clientAddress(request: IncomingMessage, trusted: BlockList): string {
  let nearest = plainAddress(request.socket.remoteAddress ?? "") ?? "local";
  const told = request.headers["x-forwarded-for"];
  if (told === undefined) return nearest;
  const hops = (Array.isArray(told) ? told.join() : told).split(",");
  while (isTrusted(nearest, trusted)) {
    const next = plainAddress(hops.pop()?.trim() ?? "");
    if (next === undefined) break;
    nearest = next;
  }
  return nearest;
}

/** Whether the request came over TLS, here or at a proxy that is trusted. */
export function cameOverTls(request: IncomingMessage, trusted: BlockList): boolean {
  if ("encrypted" in request.socket && request.socket.encrypted === true) return true;
  return (
    request.headers["x-forwarded-proto"] === "https" &&
    isTrusted(plainAddress(request.socket.remoteAddress ?? "") ?? "", trusted)
  );
}

/** What one subscriber has: an IPv4 address, or the /64 of an IPv6 address, since he may take any address within it. */
export function subscriberOf(address: string): string {
  if (isIP(address) !== 6) return address;
  const [head = "", tail] = address.split("::");
  const groups = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  while (tail !== undefined && groups.length + after.length < 8) groups.push("0");
  return `${[...groups, ...after].slice(0, 4).join(":")}::/64`;
}

function isTrusted(address: string, trusted: BlockList): boolean {
  const version = isIP(address);
  return version !== 0 && trusted.check(address, version === 4 ? "ipv4" : "ipv6");
}

/** An address in its one spelling, without port, brackets and zone; an IPv4 address that came as IPv6 as IPv4. */
function plainAddress(written: string): string | undefined {
  const bare = /^\[([^\]]*)\](?::\d+)?$/.exec(written)?.[1] ?? written;
  const withoutPort = /^([\d.]+):\d+$/.exec(bare)?.[1] ?? bare;
  const address = withoutPort.split("%", 1)[0] as string;
  const version = isIP(address);
  if (version === 0) return undefined;
  if (version === 4) return address;
  const [, high, low] = /^::ffff:([\da-f]{1,4}):([\da-f]{1,4})$/.exec(canonical(address)) ?? [];
  if (high === undefined || low === undefined) return canonical(address);
  const bits = Number.parseInt(high, 16) * 65_536 + Number.parseInt(low, 16);
  return [bits >>> 24, (bits >>> 16) & 255, (bits >>> 8) & 255, bits & 255].join(".");
}

function canonical(address: string): string {
  return new URL(`http://[${address}]`).hostname.slice(1, -1);
}
