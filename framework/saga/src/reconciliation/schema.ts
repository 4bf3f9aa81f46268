import type { SystemMigration } from "@kerf/data";

/** Comparisons of a service's data with another's: asked for, under way, and their reports. */
export const reconciliationSchema: readonly SystemMigration[] = [
  {
    name: "reconciliations-0001",
    sql: `
      create table kerf.reconciliation (
        id bigint generated always as identity primary key,
        name text not null,
        repair boolean not null,
        asked_at timestamptz not null default now(),
        ended_at timestamptz,
        owner text,
        epoch bigint not null default 0,
        leased_until timestamptz not null default '-infinity',
        -- The report: how many keys were compared, what differs, what of it was repaired, and why it could not be finished.
        compared bigint,
        differences jsonb,
        repaired integer,
        failure text
      );
      create unique index reconciliation_open on kerf.reconciliation (name) where ended_at is null`,
  },
];
