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
  {
    name: "consumers-0002",
    sql: `
      -- A consumer's position lives twice while its tables are built anew beside those that serve.
      alter table kerf.consumer_shard
        add column building boolean not null default false,
        -- How often the log was begun anew.
        add column generation integer not null default 1,
        drop constraint consumer_shard_pkey,
        add primary key (producer, building, shard);
      alter table kerf.consumer_member
        add column building boolean not null default false,
        drop constraint consumer_member_pkey,
        add primary key (producer, building, instance);
      alter table kerf.parked_event
        add column building boolean not null default false,
        drop constraint parked_event_pkey,
        add primary key (producer, building, key, id);

      -- Parked events that somebody decided never to apply.
      create table kerf.skipped_event (
        producer text not null,
        key text not null,
        id bigint not null,
        event jsonb not null,
        error text,
        note text not null,
        skipped_at timestamptz not null default now()
      )`,
  },
];
