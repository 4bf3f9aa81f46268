import type { SystemMigration } from "@kerf/data";

/**
 * The log of a service's events: insert-only, by day, so that it is reclaimed by dropping partitions and never by DELETE. Ids come
 * from one sequence without a cache; what is in which shard is decided by the key.
 */
export const eventSchema: readonly SystemMigration[] = [
  {
    name: "events-0001",
    sql: `
      create sequence kerf.event_id as bigint cache 1;
      create table kerf.event (
        day date not null,
        id bigint not null,
        shard smallint not null,
        name text not null,
        key text not null,
        version integer not null,
        payload jsonb not null,
        trace text not null,
        principal jsonb,
        at timestamptz not null
      ) partition by range (day);
      create index event_by_shard on kerf.event (shard, id);
      create index event_by_key on kerf.event (key, id);
      -- No event is refused when maintenance is late.
      create table kerf.event_late partition of kerf.event default;

      -- Which log this is: ids and cursors mean nothing in another.
      create table kerf.event_log (identity uuid not null default gen_random_uuid());
      insert into kerf.event_log default values;

      -- How far each consumer of this log has told that it is, and when it last did: nothing that one of them still needs is dropped.
      create table kerf.event_reader (
        consumer text not null,
        shard smallint not null,
        watermark bigint not null,
        seen_at timestamptz not null default now(),
        primary key (consumer, shard)
      );

      -- Days to come are made ahead. A day is dropped when it is older than keep and every known reader is beyond it.
      create function kerf.event_maintain(keep interval, forget interval) returns void
        language plpgsql security definer set search_path = pg_catalog, kerf
        as $$
      declare
        today date := kerf.command_day();
        partition_day date;
        partition_name text;
        newest bigint;
        slowest bigint;
      begin
        if not pg_try_advisory_xact_lock(hashtextextended('kerf events', 0)) then return; end if;
        for offset_days in 0..1 loop
          partition_day := today + offset_days;
          partition_name := 'event_' || to_char(partition_day, 'YYYYMMDD');
          continue when to_regclass('kerf.' || partition_name) is not null;
          continue when exists (select from kerf.event_late l where l.day = partition_day);
          execute format('create table kerf.%I partition of kerf.event for values from (%L) to (%L)',
            partition_name, partition_day, partition_day + 1);
        end loop;
        -- A reader that has not been seen for so long is gone for good.
        delete from kerf.event_reader r where r.seen_at < now() - forget;
        select min(watermark) into slowest from kerf.event_reader;
        for partition_name in
          select c.relname from pg_class c join pg_inherits i on i.inhrelid = c.oid
            where i.inhparent = 'kerf.event'::regclass and c.relname ~ '^event_[0-9]{8}$'
              and to_date(right(c.relname, 8), 'YYYYMMDD') < (now() at time zone 'utc' - keep)::date
            order by c.relname
        loop
          execute format('select max(id) from kerf.%I', partition_name) into newest;
          exit when newest > slowest;
          execute format('drop table kerf.%I', partition_name);
        end loop;
      end $$;

      select kerf.event_maintain('7 days', '30 days')`,
  },
  {
    name: "events-0002",
    sql: `
      -- One index: it finds what comes next in a shard, and by the key of the shard that the key lies in.
      drop index kerf.event_by_key;
      drop index kerf.event_by_shard;
      create index event_by_shard on kerf.event (shard, id) include (key);

      -- Appends one event, or several. Functions, so that their plans are kept: planning would cost more than the append. The transaction
      -- gets its xid before the first id is drawn: whoever reads the log takes a transaction that has drawn an id for one that shows among
      -- those in progress.
      create function kerf.event_append(
        shard smallint, name text, key text, version integer, payload text, trace text, principal text
      ) returns void
        language plpgsql set search_path = pg_catalog
        as $$
      begin
        perform pg_current_xact_id();
        insert into kerf.event (day, id, shard, name, key, version, payload, trace, principal, at)
          values ((now() at time zone 'utc')::date, nextval('kerf.event_id'), shard, name, key, version,
            payload::jsonb, trace, principal::jsonb, now());
      end $$;
      create function kerf.event_append(
        shards smallint[], names text[], keys text[], versions integer[], payloads text[], trace text, principal text
      ) returns void
        language plpgsql set search_path = pg_catalog
        as $$
      begin
        perform pg_current_xact_id();
        insert into kerf.event (day, id, shard, name, key, version, payload, trace, principal, at)
          select (now() at time zone 'utc')::date, nextval('kerf.event_id'), e.shard, e.name, e.key, e.version,
              e.payload::jsonb, event_append.trace, event_append.principal::jsonb, now()
            from unnest(shards, names, keys, versions, payloads) with ordinality
              as e(shard, name, key, version, payload, n)
            order by e.n;
      end $$;

      -- Whoever builds tables anew reads for hours at most, and is gone when they serve.
      create function kerf.event_forget_builders() returns void
        language sql security definer set search_path = pg_catalog, kerf
        as $$
          delete from kerf.event_reader where consumer like '% (building)' and seen_at < now() - interval '1 day'
        $$`,
  },
  {
    name: "events-0003",
    sql: `
      -- The same for less: the xid is taken without a query of its own, and no search path is set, since every name is qualified or the
      -- catalogue's own, which is looked through first in any case.
      create or replace function kerf.event_append(
        shard smallint, name text, key text, version integer, payload text, trace text, principal text
      ) returns void
        language plpgsql
        as $$
      declare
        xid xid8 := pg_current_xact_id();
      begin
        insert into kerf.event (day, id, shard, name, key, version, payload, trace, principal, at)
          values ((now() at time zone 'utc')::date, nextval('kerf.event_id'), shard, name, key, version,
            payload::jsonb, trace, principal::jsonb, now());
      end $$;
      alter function kerf.event_append(smallint[], text[], text[], integer[], text[], text, text) reset all`,
  },
];
