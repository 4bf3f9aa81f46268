import { BlockList, isIP } from "node:net";

/**
 * The addresses of a list such as `["10.0.0.0/8", "::1"]`.
 * @throws RangeError that names the entry that is none
 */
export function addressList(entries: readonly string[]): BlockList {
  const list = new BlockList();
  for (const entry of entries) {
    const [address = "", bits, ...rest] = entry.split("/");
    const version = isIP(address);
    const most = version === 4 ? 32 : 128;
    const prefix = bits === undefined ? most : /^\d{1,3}$/.test(bits) ? Number(bits) : Number.NaN;
    if (version === 0 || rest.length > 0 || !(prefix <= most))
      throw new RangeError(
        `${JSON.stringify(entry)} is no address and no network such as "10.0.0.0/8"`,
      );
    list.addSubnet(address, prefix, version === 4 ? "ipv4" : "ipv6");
  }
  return list;
}

/** Everything that is wrong with the proxies that a gateway trusts. */
export function trustedProxiesProblems(given: unknown): string[] {
  if (given === undefined) return [];
  if (!Array.isArray(given) || given.some((entry) => typeof entry !== "string"))
    return ["trustedProxies must be a list of addresses and networks"];
  return (given as string[]).flatMap((entry) => {
    try {
      addressList([entry]);
      return [];
    } catch (error) {
      return [`trustedProxies: ${(error as RangeError).message}`];
    }
  });
}
