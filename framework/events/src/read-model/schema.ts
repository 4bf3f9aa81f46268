import type { SystemMigration } from "@kerf/data";

/** Tables that follow another service's events, and how they are built anew beside themselves. */
export const readModelSchema: readonly SystemMigration[] = [
  {
    name: "read-models-0001",
    sql: `
      create table kerf.read_model (
        producer text primary key,
        -- seeding: the new tables are being filled · following: they catch up · live: they are the ones that serve
        state text not null default 'seeding',
        -- How often it was built; 0 while it never served.
        generation integer not null default 0,
        owner text,
        epoch bigint not null default 0,
        leased_until timestamptz not null default '-infinity',
        failure text,
        changed_at timestamptz not null default now()
      );

      -- Where the tables are built, by the same names.
      create schema kerf_building;

      -- Empty tables of the same shape.
      create function kerf.read_model_begin(tables text[]) returns void
        language plpgsql security definer set search_path = pg_catalog
        as $$
      declare
        name text;
      begin
        foreach name in array tables loop
          execute format('drop table if exists kerf_building.%I', name);
          execute format('create table kerf_building.%1$I (like public.%1$I including all)', name);
        end loop;
      end $$;

      -- What they hold takes the place of what served so far; readers see the one or the other. The tables themselves stay, and with
      -- them their names, keys and grants.
      create function kerf.read_model_swap(tables text[]) returns void
        language plpgsql security definer set search_path = pg_catalog
        as $$
      declare
        name text;
        columns text;
      begin
        for i in reverse array_length(tables, 1)..1 loop
          execute format('delete from public.%I', tables[i]);
        end loop;
        foreach name in array tables loop
          select string_agg(quote_ident(attname), ', ' order by attnum) into columns from pg_attribute
            where attrelid = format('public.%I', name)::regclass and attnum > 0 and not attisdropped and attgenerated = '';
          execute format('insert into public.%1$I (%2$s) overriding system value select %2$s from kerf_building.%1$I', name, columns);
          execute format('drop table kerf_building.%I', name);
        end loop;
      end $$`,
  },
];
