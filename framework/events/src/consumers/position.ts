import type { CommandTransaction, ServiceDatabase } from "@kerf/data";
import { type Clock, KerfError } from "@kerf/kernel";
import type { LogPage } from "../outbox/log-reader.ts";
import { shards } from "../outbox/shard.ts";
import type { ReadPort } from "./consumer.ts";
import type { Track } from "./shard-leases.ts";

/** Bound of one of its transactions, milliseconds. */
const statementMs = 5_000;
/** Beyond every id. */
const endOfLog = "9223372036854775807";

/** Where a new consumer begins: with the oldest event that the producer still has, or with the next one. */
export type From = "beginning" | "now";

/** What a position is made of. */
export interface PositionParts {
  readonly service: string;
  readonly producer: string;
  readonly read: ReadPort;
  readonly database: ServiceDatabase;
  readonly clock: Clock;
}

/** Makes the position of a consumer that has none; nothing when it has one. */
export async function makePosition(parts: PositionParts, from: From): Promise<void> {
  const { clock, database, producer } = parts;
  const { rows } = await database
    .reads({ deadline: clock.now() + statementMs })
    .raw.query("select from kerf.consumer_shard where producer = $1 and not building limit 1", [
      producer,
    ]);
  if (rows.length > 0) return;
  const head = from === "now" ? await headOf(parts) : undefined;
  await database.inTransaction(clock.now() + statementMs, (transaction) =>
    insertPosition(transaction, producer, "live", head),
  );
}

/** Inserts a row for each shard, behind the head that is given, or at the beginning; leaves alone what is there. */
export async function insertPosition(
  transaction: CommandTransaction,
  producer: string,
  track: Track,
  head: LogPage | undefined,
): Promise<void> {
  await transaction.raw.query(
    `insert into kerf.consumer_shard (producer, building, shard, watermark, log)
      select $1, $2, s, $3, $4 from generate_series(0, $5 - 1) s on conflict do nothing`,
    [producer, track === "building", head?.head ?? "0", head?.log ?? null, shards],
  );
}

/** Up to where a producer's log is final now. */
export async function headOf({ service, producer, read }: PositionParts): Promise<LogPage> {
  const after = Object.fromEntries(Array.from({ length: shards }, (_, shard) => [shard, endOfLog]));
  const request = { consumer: service, after, waitMs: 0, peek: true };
  const page = await read(request, new AbortController().signal);
  if (page.events.length === 0) return page;
  throw new KerfError("internal", `The log of ${producer} answered events beyond its end.`);
}

/**
 * Begins anew behind an id: a new generation. Whoever works on the old one is refused at its next write; what was parked
 * comes again. Answers the generation. Throws `not_found` when the service has no position in that log.
 */
export async function replay(
  { database, clock }: Pick<PositionParts, "database" | "clock">,
  producer: string,
  after: string,
): Promise<number> {
  return database.inTransaction(clock.now() + statementMs, async ({ raw }) => {
    const { rows } = await raw.query<{ generation: number }>(
      `update kerf.consumer_shard set generation = generation + 1, watermark = $2, log = null,
          epoch = epoch + 1, owner = null, leased_until = '-infinity'
        where producer = $1 and not building returning generation`,
      [producer, after],
    );
    const [first] = rows;
    if (first === undefined) {
      throw new KerfError("not_found", {
        message: `There is no position in the log of ${producer} to begin anew from.`,
        fix: "Wait until the consumer has started once.",
      });
    }
    await raw.query("delete from kerf.parked_event where producer = $1 and not building", [
      producer,
    ]);
    return first.generation;
  });
}
