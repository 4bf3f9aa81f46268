import type { SystemMigration } from "@kerf/data";

/** How far the relay of a service has published its log, in the service's own database. */
export const relaySchema: readonly SystemMigration[] = [
  {
    name: "relay-0001",
    sql: `
      create table kerf.event_relay (
        destination text primary key,
        log uuid not null,
        -- By shard, the last id that the broker has acknowledged.
        acknowledged bigint[] not null,
        owner text,
        -- Grows with every owner; whoever writes with an older one is refused.
        epoch bigint not null default 0,
        leased_until timestamptz not null default '-infinity'
      )`,
  },
];
