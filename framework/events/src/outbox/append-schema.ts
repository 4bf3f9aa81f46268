import type { SystemMigration } from "@kerf/data";

/**
 * How events get into the log. The transaction gets its xid before the first id is drawn: whoever reads the log takes a transaction
 * that has drawn an id for one that shows among those in progress.
 */
export const appendSchema: readonly SystemMigration[] = [
  {
    name: "append-0001",
    sql: `
      create function kerf.event_append(shards smallint[], names text[], keys text[], versions integer[], payloads text[],
          emitted_trace text, emitted_for jsonb) returns void
        language plpgsql
        as $$
      begin
        perform pg_current_xact_id();
        for i in 1..array_length(shards, 1) loop
          insert into kerf.event (day, id, shard, name, key, version, payload, trace, principal, at)
            values ((now() at time zone 'utc')::date, nextval('kerf.event_id'), shards[i], names[i], keys[i], versions[i],
              payloads[i]::jsonb, emitted_trace, emitted_for, now());
        end loop;
      end $$`,
  },
];
