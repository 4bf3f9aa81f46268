import { isIP } from "node:net";

/**
 * Addresses of the proxies in front of the gateway (`10.0.0.0/8`, `2001:db8::1`). Only what they say of the client is believed:
 * from everybody else, `Forwarded` and `X-Forwarded-*` are dropped.
 */
export type TrustedProxies = readonly string[];

/** An address or a range of addresses, taken apart. */
export interface AddressRange {
  readonly address: string;
  readonly family: "ipv4" | "ipv6";
  /** Bits that count; all of them for a single address. */
  readonly prefix: number;
}

/** Reads `10.0.0.0/8` or a single address; undefined for what is neither. */
export function parseAddressRange(text: string): AddressRange | undefined {
  const [address = "", prefix, ...rest] = text.split("/");
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return undefined;
  const bits = version === 4 ? 32 : 128;
  const family = version === 4 ? "ipv4" : "ipv6";
  if (prefix === undefined) return { address, family, prefix: bits };
  if (!/^\d{1,3}$/.test(prefix) || Number(prefix) > bits) return undefined;
  return { address, family, prefix: Number(prefix) };
}

/** What is wrong with a list of addresses. */
export function addressRangeProblems(where: string, ranges: readonly string[] = []): string[] {
  return ranges
    .filter((range) => parseAddressRange(range) === undefined)
    .map(
      (range) =>
        `${where}: ${JSON.stringify(range)} is neither an address nor a range such as 10.0.0.0/8`,
    );
}
