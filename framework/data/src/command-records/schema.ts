import type { SystemMigration } from "../system-schema.ts";

/**
 * The records of commands, by day. A record lives for 24 to 48 hours: the partitions of today and yesterday are looked at, older
 * ones are dropped. The key cannot be unique over days, so whoever claims a scope locks it first and then looks into both.
 */
export const commandRecordSchema: readonly SystemMigration[] = [
  {
    name: "commands-0001",
    sql: `
      create table kerf.command_record (
        day date not null,
        scope uuid not null,
        input uuid not null,
        failed boolean not null,
        answer text not null,
        primary key (day, scope)
      ) partition by range (day);
      -- No record is lost when maintenance is late.
      create table kerf.command_record_late partition of kerf.command_record default;

      create function kerf.command_day() returns date
        language sql stable set search_path = pg_catalog, kerf
        as $$ select (now() at time zone 'utc')::date $$;

      -- fresh: nobody has done it, and until the transaction ends nobody else will · in_flight: somebody is doing it ·
      -- answered: it was done, with this answer · reused: it was done with another input.
      create function kerf.command_claim(wanted uuid, given uuid, lock bigint,
          out state text, out failed boolean, out answer text)
        language plpgsql set search_path = pg_catalog, kerf
        as $$
      declare recorded kerf.command_record;
      begin
        if not pg_try_advisory_xact_lock(lock) then
          state := 'in_flight';
          return;
        end if;
        -- A statement of its own: it sees what was committed before the lock was had.
        select * into recorded from kerf.command_record r
          where r.scope = wanted and r.day >= kerf.command_day() - 1
          order by r.day desc limit 1;
        if not found then
          state := 'fresh';
        elsif recorded.input <> given then
          state := 'reused';
        else
          state := 'answered';
          failed := recorded.failed;
          answer := recorded.answer;
        end if;
      end $$;

      -- Partitions for the days to come, and away with those that nobody looks at; run by the app role, which has no DDL.
      create function kerf.command_record_maintain() returns void
        language plpgsql security definer set search_path = pg_catalog, kerf
        as $$
      declare
        today date := kerf.command_day();
        partition_day date;
        name text;
      begin
        if not pg_try_advisory_xact_lock(hashtextextended('kerf command records', 0)) then return; end if;
        for offset_days in 0..1 loop
          partition_day := today + offset_days;
          name := 'command_record_' || to_char(partition_day, 'YYYYMMDD');
          continue when to_regclass('kerf.' || name) is not null;
          -- Records that came late stay where they are.
          continue when exists (select from kerf.command_record_late l where l.day = partition_day);
          execute format('create table kerf.%I partition of kerf.command_record for values from (%L) to (%L)',
            name, partition_day, partition_day + 1);
        end loop;
        delete from kerf.command_record_late l where l.day < today - 1;
        for name in
          select c.relname from pg_class c join pg_inherits i on i.inhrelid = c.oid
            where i.inhparent = 'kerf.command_record'::regclass and c.relname ~ '^command_record_[0-9]{8}$'
              and to_date(right(c.relname, 8), 'YYYYMMDD') < today - 1
        loop
          execute format('drop table kerf.%I', name);
        end loop;
      end $$;

      select kerf.command_record_maintain()`,
  },
  {
    name: "commands-0002",
    sql: `
      -- Writes the record of a command. A function, so that its plan is kept.
      create function kerf.command_answer(scope uuid, input uuid, failed boolean, answer text) returns void
        language plpgsql
        as $$
      begin
        insert into kerf.command_record (day, scope, input, failed, answer)
          values ((now() at time zone 'utc')::date, scope, input, failed, answer);
      end $$`,
  },
];
