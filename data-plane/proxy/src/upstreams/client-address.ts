import type { IncomingMessage } from "node:http";
import { BlockList, isIP } from "node:net";
import { parseAddressRange } from "@kerf/service";

/** A set of addresses; empty when nothing is named. */
export class AddressSet {
  readonly #list: BlockList | undefined;

  /** @param ranges addresses and ranges that have been checked; others are left out */
  constructor(ranges: readonly string[] = []) {
    if (ranges.length === 0) return;
    this.#list = new BlockList();
    for (const text of ranges) {
      const range = parseAddressRange(text);
      if (range !== undefined) this.#list.addSubnet(range.address, range.prefix, range.family);
    }
  }

  has(address: string): boolean {
    if (this.#list === undefined) return false;
    const version = isIP(address);
    return version !== 0 && this.#list.check(address, version === 4 ? "ipv4" : "ipv6");
  }
}

/** The address at the other end of the connection; IPv4 as such, also when it came over an IPv6 socket. */
export function peerAddress(request: IncomingMessage): string {
  const address = connectionOf(request)?.remoteAddress ?? "unknown";
  return address.startsWith("::ffff:") ? address.slice(7) : address;
}

/**
 * The address of the client: that of the connection, or, behind proxies that are trusted, the last one in `X-Forwarded-For` that is
 * not a trusted proxy's. What stands left of it, anybody may have written; so may what is no address, and all that is left of that.
 */
export function clientAddress(request: IncomingMessage, trusted: AddressSet): string {
  let nearest = peerAddress(request);
  const told = request.headers["x-forwarded-for"];
  if (told === undefined || !trusted.has(nearest)) return nearest;
  const hops = (Array.isArray(told) ? told.join() : told).split(",");
  do {
    const next = plainAddress(hops.pop()?.trim() ?? "");
    if (next === undefined) break;
    nearest = next;
  } while (trusted.has(nearest));
  return nearest;
}

/** Whether the connection is one of TLS. */
export function isEncrypted(request: IncomingMessage): boolean {
  const connection = connectionOf(request);
  return connection !== undefined && "encrypted" in connection && connection.encrypted === true;
}

/** Whether the request came over TLS, here or at a proxy that is trusted. */
export function cameOverTls(request: IncomingMessage, trusted: AddressSet): boolean {
  if (isEncrypted(request)) return true;
  return request.headers["x-forwarded-proto"] === "https" && trusted.has(peerAddress(request));
}

/** Undefined for a stream of HTTP/2 that its client has taken back, which Node's types do not know. */
function connectionOf(request: IncomingMessage): IncomingMessage["socket"] | undefined {
  return request.socket as IncomingMessage["socket"] | undefined;
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
