import type { SystemMigration } from "@kerf/data";

/** Where the consumers of a service stand, in the service's own database: moved in the transaction of their effects. */
export const consumerSchema: readonly SystemMigration[] = [
  {
    name: "consumers-0001",
    sql: `
      create table kerf.consumer_shard (
        producer text not null,
        shard smallint not null,
        log uuid,
        watermark bigint not null default 0,
        owner text,
        -- Grows with every owner; whoever writes with an older one is refused.
        epoch bigint not null default 0,
        leased_until timestamptz not null default '-infinity',
        primary key (producer, shard)
      );

      -- The instances that could own shards, so that each takes its fair share.
      create table kerf.consumer_member (
        producer text not null,
        instance text not null,
        seen_until timestamptz not null,
        primary key (producer, instance)
      );

      -- Events whose handler keeps failing, and what came behind them with the same key.
      create table kerf.parked_event (
        producer text not null,
        shard smallint not null,
        key text not null,
        id bigint not null,
        event jsonb not null,
        error text,
        parked_at timestamptz not null default now(),
        primary key (producer, key, id)
      )`,
  },
];
