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
];
