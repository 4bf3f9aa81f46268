import type { ServiceDatabase } from "@kerf/data";
import type { Clock } from "@kerf/kernel";

/** Bound of the look, milliseconds: it counts what waits. */
const statementMs = 15_000;

/** Publishing to a broker as operators see it. */
export interface RelayState {
  /** The broker, without credentials. */
  readonly destination: string;
  /** The instance that publishes; null when none does. */
  readonly owner: string | null;
  /** Events that the broker has not acknowledged yet. */
  readonly waiting: number;
}

/** Everywhere that a service's log is published to, or was once. */
export async function relayStates(database: ServiceDatabase, clock: Clock): Promise<RelayState[]> {
  const { raw } = database.reads({ deadline: clock.now() + statementMs });
  const { rows } = await raw.query<RelayState>(
    `select r.destination, case when r.leased_until > now() then r.owner end as owner, (
        select count(*)::int
          from unnest(r.acknowledged) with ordinality as published(id, n)
          join kerf.event e on e.shard = published.n - 1 and e.id > published.id
      ) as waiting
      from kerf.event_relay r order by r.destination`,
  );
  return rows;
}
