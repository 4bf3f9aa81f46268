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
        -- Why somebody wants it undone; heeded before its pivot.
        add column cancel text,
        -- Of a stuck one: what it was doing, and why it does not get on. What it undoes for stays in failure.
        add column stuck_in text,
        add column problem jsonb,
        -- Of one that somebody settled by hand: {note, at}.
        add column settled jsonb,
        -- Of one that waits for events: [{producer, event, key}].
        add column waiting jsonb;
      alter table kerf.saga_step add column pivot boolean not null default false;
      create index saga_waiting on kerf.saga using gin (waiting jsonb_path_ops) where waiting is not null;

      -- Events that sagas may wait for, as they came: one may come before its saga gets to wait for it.
      create table kerf.saga_signal (
        producer text not null,
        event text not null,
        key text not null,
        id bigint not null,
        payload jsonb,
        received_at timestamptz not null default clock_timestamp(),
        primary key (producer, event, key, id)
      );
      create index saga_signal_age on kerf.saga_signal (received_at);
      -- What sagas of one instance have done: their rows, and what becomes of them. Answers those that are still its own; the others are left
      -- alone. A function, so that its plans are kept: planning would cost more than writing.
      create function kerf.saga_record(
        instance text, ids uuid[], epochs bigint[],
        row_sagas uuid[], row_steps text[], row_kinds text[], row_declined boolean[], row_pivots boolean[], row_answers text[],
        move_sagas uuid[], move_states text[], move_failures text[], move_problems text[]
      ) returns table (id uuid, cancel text)
        language plpgsql set search_path = pg_catalog, kerf
        as $$
      #variable_conflict use_column
      declare
        own uuid[];
      begin
        -- In one order, so that two writers never wait for each other in a circle.
        select array_agg(locked.id) into own from (
          select s.id from unnest(ids, epochs) as given(id, epoch)
            join kerf.saga s on s.id = given.id and s.epoch = given.epoch and s.owner = instance
            order by s.id for no key update of s
        ) locked;
        insert into kerf.saga_step (saga, step, kind, declined, pivot, answer)
          select r.saga, r.step, r.kind, r.declined, r.pivot, r.answer::jsonb
            from unnest(row_sagas, row_steps, row_kinds, row_declined, row_pivots, row_answers) with ordinality
              as r(saga, step, kind, declined, pivot, answer, n)
            where r.saga = any(own) order by r.n
          on conflict do nothing;
        if cardinality(move_sagas) > 0 then
          update kerf.saga s set state = m.state, failure = coalesce(m.failure::jsonb, s.failure), problem = m.problem::jsonb,
              stuck_in = case when m.state = 'stuck' then s.state end,
              ended_at = case when m.state in ('completed', 'undone') then now() end,
              owner = case when m.state = 'undoing' then s.owner end
            from unnest(move_sagas, move_states, move_failures, move_problems) as m(saga, state, failure, problem)
            where s.id = m.saga and s.id = any(own);
        end if;
        return query select s.id, s.cancel from kerf.saga s where s.id = any(own);
      end $$;

      create function kerf.saga_maintain(keep interval) returns void
        language sql security definer set search_path = pg_catalog, kerf
        as $$
          delete from kerf.saga_signal where received_at < now() - keep;
          delete from kerf.saga where state in ('completed', 'undone', 'settled') and ended_at < now() - keep
        $$`,
  },
];
