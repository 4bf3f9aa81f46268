/** Another number for every other layout: a store of another version begins anew, since what it keeps is bounded by days anyway. */
export const schemaVersion = 2;

/**
 * One segment: everything that arrived within some time, in one SQLite file. Rows stand in the order in which they arrived, which is nearly that of
 * time. Texts that thousands of rows share stand once. Times are microseconds since 1970.
 */
export const schema = `
  create table resources (
    id integer primary key,
    service text not null,
    unit text,
    release text,
    instance text,
    attributes text not null unique
  );
  create table names (id integer primary key, name text not null unique);
  create table spans (
    id integer primary key,
    trace blob not null,
    span blob not null,
    parent blob,
    resource integer not null,
    name integer not null,
    kind integer not null,
    started integer not null,
    duration integer not null,
    failed integer not null,
    attributes text,
    rest text
  );
  create index spans_of_trace on spans (trace);
  create index spans_failed on spans (id) where failed = 1;
  create table logs (
    id integer primary key,
    at integer not null,
    severity integer not null,
    resource integer not null,
    trace blob,
    span blob,
    body text not null,
    attributes text
  );
  create index logs_of_trace on logs (trace) where trace is not null;
  create table series (
    id integer primary key,
    name integer not null,
    resource integer not null,
    unit text not null,
    kind text not null,
    cumulative integer not null,
    attributes text not null,
    unique (name, resource, unit, kind, cumulative, attributes)
  );
  create table points (
    id integer primary key,
    series integer not null,
    started integer not null,
    at integer not null,
    value real not null,
    count integer,
    buckets text,
    exemplars text
  );
  create index points_of_series on points (series, at);
  create table period (
    id integer primary key check (id = 1),
    least integer not null,
    greatest integer not null
  );
`;
