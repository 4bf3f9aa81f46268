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

      -- Starts, records and moves of many sagas, in one transaction: a function, because its plans are kept, behind a pooler too.
      -- The rows of the sagas are locked while their epochs are checked, passing over those that somebody holds, so that it waits
      -- for nobody. Writing the same again changes nothing. Answers a row for each saga: whether it is still the owner's, whether it
      -- was written, and whether its end was asked for.
      create function kerf.saga_write(who text, ids uuid[], epochs bigint[], steps json, moves json, starts json, lease_ms integer)
        returns table (saga uuid, ours boolean, written boolean, cancelled boolean)
        -- Planned once a connection, which costs more than running it; and never so that whole tables are read, which looks cheap
        -- while they are empty.
        language plpgsql set plan_cache_mode = force_generic_plan set enable_seqscan = off
        as $$
      declare
        held uuid[];
        ended uuid[];
      begin
        if starts is not null then
          insert into kerf.saga as s (id, name, version, input, trace, principal, owner, leased_until)
            select g.id, g.name, g.version, g.input, g.trace, g.principal, who, now() + lease_ms * interval '1 millisecond'
              from json_to_recordset(starts)
                as g(id uuid, name text, version integer, input jsonb, trace text, principal jsonb)
            on conflict do nothing;
        end if;
        if ids is null then return; end if;
        select array_agg(o.id), array_agg(o.id) filter (where o.asked) into held, ended from (
          select s.id, s.cancel is not null as asked
            from unnest(ids, epochs) as f(saga, epoch)
              join kerf.saga s on s.id = f.saga and s.epoch = f.epoch and s.owner = who
            for no key update of s skip locked) o;
        if steps is not null then
          insert into kerf.saga_step as t (saga, step, kind, declined, pivot, answer)
            select g.saga, g.step, g.kind, g.declined, g.pivot, g.answer
              from rows from (json_to_recordset(steps)
                as (saga uuid, step text, kind text, declined boolean, pivot boolean, answer jsonb))
                with ordinality as g(saga, step, kind, declined, pivot, answer, n)
              where g.saga = any(held)
              order by g.n
            on conflict do nothing;
        end if;
        if moves is not null then
          update kerf.saga s set state = g.state,
              -- What was being undone is not forgotten over what keeps it from being undone.
              failure = case when g.state = 'stuck' and s.state = 'undoing'
                then g.failure || jsonb_build_object('undoing', s.failure) else coalesce(g.failure, s.failure) end,
              ended_at = case when g.state in ('completed', 'undone') then now() end,
              stuck_from = case when g.state = 'stuck' then s.state end
            from json_to_recordset(moves) as g(saga uuid, state text, failure jsonb, pivoted boolean)
            where s.id = g.saga and g.saga = any(held)
              and (g.state <> 'completed' or g.pivoted or s.cancel is null);
        end if;
        return query select f.saga,
          f.saga = any(held) is true or exists (
            select from kerf.saga s where s.id = f.saga and s.epoch = f.epoch and s.owner = who),
          f.saga = any(held) is true, f.saga = any(ended) is true
          from unnest(ids, epochs) as f(saga, epoch);
      end $$;

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
