import type { SystemMigration } from "@kerf/data";

/** When the schedules of a service are due, and what became of them. */
export const scheduleSchema: readonly SystemMigration[] = [
  {
    name: "schedules-0001",
    sql: `
      create table kerf.schedule (
        name text primary key,
        -- What next_at was computed from: another one computes it anew.
        cron text not null,
        time_zone text not null,
        next_at timestamptz not null,
        -- The occurrence that was done last, and the one that was given up last.
        done_at timestamptz,
        given_up_at timestamptz,
        -- Of the occurrence that is due: how often it failed, why, and not before when it is tried again.
        failures integer not null default 0,
        problem text,
        retry_at timestamptz
      )`,
  },
];
