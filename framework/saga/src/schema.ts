import type { SystemMigration } from "@kerf/data";

/** Sagas and their steps, in the database of the service that they belong to. */
export const sagaSchema: readonly SystemMigration[] = [
  {
    name: "sagas-0001",
    sql: `
      create table kerf.saga (
        id uuid primary key,
        name text not null,
        version integer not null,
        input jsonb not null,
        -- running · undoing: what was done is being undone · completed · undone · stuck: needs an operator
        state text not null default 'running',
        -- Why it is being undone, or stuck.
        failure jsonb,
        trace text not null,
        principal jsonb,
        started_at timestamptz not null default now(),
        ended_at timestamptz,
        -- Nothing is to be done before.
        wake_at timestamptz not null default now(),
        owner text,
        -- Grows with every owner; whoever writes with an older one is refused.
        epoch bigint not null default 1,
        leased_until timestamptz not null default '-infinity'
      );
      create index saga_due on kerf.saga (wake_at) where state in ('running', 'undoing');
      create index saga_by_name on kerf.saga (name, started_at desc);

      create table kerf.saga_step (
        saga uuid not null references kerf.saga (id) on delete cascade,
        step text not null,
        kind text not null,
        position bigint generated always as identity,
        -- Of a declined step: the declared error.
        declined boolean not null default false,
        answer jsonb,
        at timestamptz not null default now(),
        primary key (saga, step, kind)
      )`,
  },
  {
    name: "sagas-0002",
    sql: `
      alter table kerf.saga
        -- Who asked for its end, when and why: honoured up to the pivot.
        add cancel jsonb,
        -- A signal came for it since it was last put aside.
        add woken boolean not null default false,
        -- Of a stuck one: running or undoing.
        add stuck_from text,
        -- What operators did with it: [{ at, by, action, note }].
        add notes jsonb not null default '[]';
      -- Every record checks its saga under a lock of its row, which is more than the constraint does.
      alter table kerf.saga_step drop constraint saga_step_saga_fkey,
        add pivot boolean not null default false;
      -- A step of the kind wait holds since when, until when and for which signals its saga waits.
      create index saga_step_wait on kerf.saga_step ((answer ->> 'topic')) where kind = 'wait';

      -- Events that sagas of this service may wait for, kept in the transaction of the consumer that read them.
      create table kerf.saga_signal (
        id bigint generated always as identity primary key,
        -- producer.event:key
        topic text not null,
        payload jsonb,
        kept_at timestamptz not null default now()
      );
      create index saga_signal_topic on kerf.saga_signal (topic, id);

      -- Away with what nobody will ask for any more, some at a time.
      create function kerf.saga_maintain(signals interval, ended interval) returns void
        language sql set search_path = pg_catalog, kerf
        as $$
          delete from kerf.saga_signal where id in (
            select id from kerf.saga_signal order by id limit 10000) and kept_at < now() - signals;
          with gone as (
            delete from kerf.saga where id in (
              select id from kerf.saga where ended_at < now() - ended limit 1000 for update skip locked)
            returning id)
          delete from kerf.saga_step where saga in (select id from gone)
        $$`,
  },
];
