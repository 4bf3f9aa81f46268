import type { BrokerLog } from "../broker.ts";

/** Where to look for what follows an event of a log. */
export interface Sought {
  readonly log: string | undefined;
  readonly shard: number;
  /** Id of the last event that was applied. */
  readonly after: bigint;
}

/**
 * A position of a shard from which on whatever follows an event comes, by halves: ids grow with positions, except where something was
 * published again; there it is one of the right places, and the chain of ids says whether something is missing. Messages of other
 * logs count as old.
 */
export async function seek(broker: BrokerLog, { log, shard, after }: Sought): Promise<bigint> {
  let { first, end } = await broker.span(shard);
  while (first < end) {
    const middle = (first + end) / 2n;
    const entry = await broker.at(shard, middle);
    if (entry === undefined || entry.position >= end) end = middle;
    else if (isOld(entry)) first = entry.position + 1n;
    else end = middle;
  }
  return first;

  function isOld(entry: { readonly log: string; readonly id: string }): boolean {
    return (log !== undefined && entry.log !== log) || BigInt(entry.id) <= after;
  }
}
