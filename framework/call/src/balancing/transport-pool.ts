import { type Clock, KerfError } from "@kerf/kernel";
import type { Address } from "../placement.ts";
import type { Transport } from "../transport.ts";

/** Most addresses that one caller keeps connections to. */
const maxAddresses = 4_096;
/** How long an address whose transport broke is asked only when there is no other, milliseconds. */
const restMs = 1_000;

interface Pooled {
  transport: Transport;
  /** Monotonic milliseconds until which others are preferred. */
  restsUntil: number;
}

/** One transport for each address, made when first needed and again when it broke; dropped with its address. */
export class TransportPool {
  readonly #connect: (address: Address) => Transport;
  readonly #clock: Clock;
  readonly #pooled = new Map<Address, Pooled>();
  // What left the snapshot or broke, and still has calls under way.
  readonly #leaving = new Set<Transport>();
  #closed = false;

  constructor(connect: (address: Address) => Transport, clock: Clock) {
    this.#connect = connect;
    this.#clock = clock;
  }

  /** How many addresses it holds a transport for. */
  get size(): number {
    return this.#pooled.size;
  }

  /** The transport to `address`, a new one when the last one broke. */
  get(address: Address): Transport {
    const pooled = this.#pooled.get(address);
    if (pooled?.transport.usable === true) return pooled.transport;
    if (this.#closed) {
      throw new KerfError("unavailable", {
        message: "This program is stopping and calls nobody any more.",
        retry: "not-executed",
      });
    }
    if (pooled === undefined && this.#pooled.size >= maxAddresses) {
      throw new KerfError("overloaded", {
        message: `This program holds connections to ${maxAddresses} addresses already.`,
        fix: "Give it fewer instances to route to.",
      });
    }
    const made: Pooled = { transport: this.#connect(address), restsUntil: pooled?.restsUntil ?? 0 };
    this.#pooled.set(address, made);
    made.transport.onUnusable(() => {
      made.restsUntil = this.#clock.now() + restMs;
      this.#retire(made.transport);
    });
    return made.transport;
  }

  /** Calls under way to `address`. */
  inFlight(address: Address): number {
    return this.#pooled.get(address)?.transport.inFlight ?? 0;
  }

  /** Whether the last transport to `address` broke a moment ago, so that another is the better choice. */
  rests(address: Address): boolean {
    const pooled = this.#pooled.get(address);
    return pooled !== undefined && pooled.restsUntil > 0 && pooled.restsUntil > this.#clock.now();
  }

  /** Asks `address` for a sign of life. Rejects with KerfError, in bounded time. */
  async probe(address: Address): Promise<void> {
    await this.get(address).probe();
  }

  /** Drops every address that `known` does not name, each once its calls have ended. */
  retain(known: ReadonlySet<Address>): void {
    for (const [address, { transport }] of this.#pooled) {
      if (known.has(address)) continue;
      this.#pooled.delete(address);
      this.#retire(transport);
    }
    this.sweep();
  }

  /** Closes what was leaving and has no calls under way any more. */
  sweep(): void {
    for (const transport of this.#leaving) {
      if (transport.inFlight > 0) continue;
      this.#leaving.delete(transport);
      transport.close();
    }
  }

  /** Closes everything; calls under way are lost. */
  close(): void {
    this.#closed = true;
    for (const { transport } of this.#pooled.values()) transport.close();
    for (const transport of this.#leaving) transport.close();
    this.#pooled.clear();
    this.#leaving.clear();
  }

  #retire(transport: Transport): void {
    this.#leaving.add(transport);
    this.sweep();
  }
}
