import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Principal, Random } from "@kerf/kernel";
import type { RouteSettings, RouteTarget, SplitSide, Sticky } from "@kerf/service";

/** How long a client keeps the cookie by which it is known, seconds: thirty days. */
const defaultMaxAgeS = 2_592_000;

/** What is known of a client where a side is chosen. */
export interface SplitClient {
  readonly request: IncomingMessage;
  readonly principal: Principal | undefined;
  readonly address: string;
}

/** Where a request goes. */
export interface Chosen {
  readonly to: RouteTarget;
  /** The cookie to give the client, so that it stays on its side. */
  readonly cookie?: string;
}

/** Chooses the side of a route for each request. */
export class Split {
  readonly #sides: readonly SplitSide[];
  readonly #sticky: Sticky | undefined;
  readonly #path: string;
  readonly #random: Random;

  constructor({ path, to }: Pick<RouteSettings, "path" | "to">, random: Random) {
    this.#path = path;
    this.#random = random;
    this.#sides = typeof to === "object" && "split" in to ? to.split : [{ to, weight: 1 }];
    this.#sticky = typeof to === "object" && "split" in to ? to.sticky : undefined;
  }

  /** Every place that requests may go. */
  get targets(): readonly RouteTarget[] {
    return this.#sides.map(({ to }) => to);
  }

  choose(client: SplitClient): Chosen {
    const sides = this.#sides;
    const only = sides[0] as SplitSide;
    if (sides.length === 1) return { to: only.to };
    const named = sides.find((side) => isNamed(side, client.request));
    if (named !== undefined) return { to: named.to };
    if (this.#sticky === undefined) return { to: this.#drawn(() => this.#random.next()).to };
    const { key, cookie } = this.#key(this.#sticky, client);
    // By its name and not its place, so that a side that is added or taken away changes nothing between the others.
    const digest = ({ to }: SplitSide): number =>
      fraction(`${this.#path}\n${to === "services" ? "" : to.upstream}\n${key}`);
    return { to: this.#drawn(digest).to, ...(cookie === undefined ? undefined : { cookie }) };
  }

  /**
   * Each side draws a number for the client, the lot with the best number for its weight wins (weighted rendezvous hashing). With the
   * same numbers, more weight can only make a side win that did not: nobody leaves it.
   */
  #drawn(number: (side: SplitSide) => number): SplitSide {
    let best = this.#sides[0] as SplitSide;
    let bestLot = Number.NEGATIVE_INFINITY;
    for (const side of this.#sides) {
      if (!((side.weight ?? 0) > 0)) continue;
      // The logarithm of a number from 0 to 1 is negative: divided by more weight it is nearer to 0.
      const lot = Math.log(Math.max(number(side), Number.MIN_VALUE)) / (side.weight as number);
      if (lot > bestLot) {
        best = side;
        bestLot = lot;
      }
    }
    return best;
  }

  #key(
    sticky: Sticky,
    { request, principal, address }: SplitClient,
  ): { key: string; cookie?: string } {
    if ("hash" in sticky) {
      if (sticky.hash === "principal") return { key: principal?.subject ?? "" };
      if (sticky.hash === "address") return { key: address };
      const header = request.headers[sticky.hash.header.toLowerCase()];
      return { key: Array.isArray(header) ? header.join() : (header ?? address) };
    }
    const known = cookieOf(request, sticky.cookie);
    if (known !== undefined && /^[0-9a-f]{13}$/.test(known)) return { key: known };
    // It names no side, so that a client can be moved when the shares change; it is no secret either.
    const key = Math.floor(this.#random.next() * 2 ** 52)
      .toString(16)
      .padStart(13, "0");
    const { maxAgeS = defaultMaxAgeS } = sticky;
    return {
      key,
      cookie: `${sticky.cookie}=${key}; Path=/; Max-Age=${maxAgeS}; HttpOnly; SameSite=Lax`,
    };
  }
}

function isNamed({ header, cookie }: SplitSide, request: IncomingMessage): boolean {
  if (header !== undefined) {
    const value = request.headers[header.name.toLowerCase()];
    if (value !== undefined && (header.value === undefined || header.value === String(value)))
      return true;
  }
  if (cookie === undefined) return false;
  const value = cookieOf(request, cookie.name);
  return value !== undefined && (cookie.value === undefined || cookie.value === value);
}

function cookieOf({ headers }: IncomingMessage, name: string): string | undefined {
  for (const pair of headers.cookie?.split(";") ?? []) {
    const at = pair.indexOf("=");
    if (at > 0 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim();
  }
  return undefined;
}

/** A number from 0 up to 1 that is always the same for the same text, and looks like chance. */
function fraction(text: string): number {
  return createHash("sha256").update(text).digest().readUIntBE(0, 6) / 2 ** 48;
}
