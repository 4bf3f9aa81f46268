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
  const address = request.socket.remoteAddress ?? "";
  return address.startsWith("::ffff:") ? address.slice(7) : address;
}

/**
 * The address of the client: that of the connection, or, behind proxies that are trusted, the last one in `X-Forwarded-For` that is
 * not a trusted proxy's. What stands left of it, anybody may have written.
 */
export function clientAddress(request: IncomingMessage, trusted: AddressSet): string {
  const peer = peerAddress(request);
  if (!trusted.has(peer)) return peer;
  const header = request.headers["x-forwarded-for"];
  const named = (Array.isArray(header) ? header.join() : (header ?? "")).split(",");
  for (const text of named.toReversed()) {
    const address = text.trim();
    if (isIP(address) === 0) return peer;
    if (!trusted.has(address)) return address;
  }
  return peer;
}
