import type { BrokerEntry } from "../broker.ts";

/** What an entry of a shard is to its reader. */
export type Verdict = "next" | "duplicate" | "gap" | "foreign";

/** How far the reading of one shard is. */
export class ShardState {
  /** Id of the last event that was given to the consumer. */
  delivered: bigint;
  /** Up to here nothing is missing, be it because the log has said so. */
  complete: bigint;
  /** Position from which on the broker is read; not known yet while `lost`. */
  position = 0n;
  lost = true;
  /** What was delivered when the position was last sought. */
  #soughtBehind: bigint | undefined;
  /** When something new was last heard, monotonic milliseconds; at the beginning of time when the log has to be asked. */
  heard: number;
  /** The broker does not have what is missing. */
  gap = false;

  constructor(delivered: string, heard: number) {
    this.delivered = BigInt(delivered);
    this.complete = this.delivered;
    this.heard = heard;
  }

  /** The chain: an event is next when nothing of its shard lies between it and what was delivered. */
  judge(entry: BrokerEntry, log: string): Verdict {
    if (entry.log !== log) return "foreign";
    if (BigInt(entry.id) <= this.delivered) return "duplicate";
    return BigInt(entry.previous) <= this.complete ? "next" : "gap";
  }

  /** An event goes to the consumer. */
  deliver(id: string, now: number): void {
    this.delivered = BigInt(id);
    if (this.delivered > this.complete) this.complete = this.delivered;
    this.heard = now;
  }

  /** Where to read on was found. */
  sought(position: bigint): void {
    this.position = position;
    this.lost = false;
    this.#soughtBehind = this.delivered;
  }

  /** Something is missing: it is sought in the broker once, and then asked of the log. */
  miss(): void {
    this.lost = true;
    if (this.#soughtBehind !== this.delivered) return;
    this.gap = true;
    this.ask();
  }

  /** The log is to be asked. */
  ask(): void {
    this.heard = Number.NEGATIVE_INFINITY;
  }

  /** The log has answered; `head` is up to where it said all, if it did. */
  asked(head: string | undefined, now: number): void {
    this.gap = false;
    if (head === undefined) return;
    if (BigInt(head) > this.complete) this.complete = BigInt(head);
    this.heard = now;
  }
}
