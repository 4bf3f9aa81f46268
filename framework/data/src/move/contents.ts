import type { Client } from "pg";
import { quoteIdentifier as id } from "../service-names.ts";

/** A table that holds rows: an ordinary one, or one partition. */
export interface StoredTable {
  /** `schema.name`, quoted for SQL. */
  readonly name: string;
  /** Of a partition: whose, and of which rows, in SQL. */
  readonly partition: { readonly of: string; readonly bound: string } | null;
  /** Columns that are written, quoted; those that an expression gives are left out. */
  readonly columns: readonly string[];
}

/** What a database holds beside its schema. */
export interface Contents {
  readonly tables: readonly StoredTable[];
  /** Tables by which all the others are locked: partitions come with theirs. */
  readonly roots: readonly string[];
  readonly sequences: readonly string[];
  /** What a copy of tables would leave out, in words. */
  readonly beside: readonly string[];
}

interface TableRow {
  schema: string;
  name: string;
  kind: string;
  parent_schema: string | null;
  parent: string | null;
  bound: string | null;
  columns: string[];
}

// Everything that is neither a catalogue nor an extension's.
const own = `n.nspname not like 'pg\\_%' and n.nspname <> 'information_schema'
  and not exists (select from pg_depend d
    where d.objid = c.oid and d.classid = 'pg_class'::regclass and d.deptype = 'e')`;

const tablesQuery = `
  select n.nspname as schema, c.relname as name, c.relkind as kind, pn.nspname as parent_schema, p.relname as parent,
    pg_get_expr(c.relpartbound, c.oid) as bound,
    array(select a.attname::text from pg_attribute a
      where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '' order by a.attnum) as columns
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
    left join pg_inherits i on i.inhrelid = c.oid
    left join pg_class p on p.oid = i.inhparent left join pg_namespace pn on pn.oid = p.relnamespace
  where c.relkind in ('r', 'p') and ${own}
  order by n.nspname collate "C", c.relname collate "C"`;

const sequencesQuery = `
  select n.nspname as schema, c.relname as name
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind = 'S' and ${own}
  order by n.nspname collate "C", c.relname collate "C"`;

const besideQuery = `
  select case c.relkind when 'm' then 'the materialized view ' else 'the foreign table ' end || c.oid::regclass as what
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('m', 'f') and ${own}
  union all
  select 'the table ' || c.oid::regclass || ', which inherits from another'
  from pg_inherits i join pg_class c on c.oid = i.inhrelid join pg_namespace n on n.oid = c.relnamespace
  where c.relkind = 'r' and not c.relispartition and ${own}
  union all
  select count(*) || ' large objects' from pg_largeobject_metadata having count(*) > 0`;

/** Reads what a database holds, in a fixed order. */
export async function readContents(client: Client): Promise<Contents> {
  const { rows } = await client.query<TableRow>(tablesQuery);
  const sequences = await client.query<{ schema: string; name: string }>(sequencesQuery);
  const beside = await client.query<{ what: string }>(besideQuery);
  return {
    tables: rows.filter(({ kind }) => kind === "r").map(storedTable),
    roots: rows.filter(({ bound }) => bound === null).map((row) => full(row.schema, row.name)),
    sequences: sequences.rows.map(({ name, schema }) => full(schema, name)),
    beside: beside.rows.map(({ what }) => what),
  };
}

/** In what two databases hold other tables, columns, partitions or sequences; none when nothing differs. */
export function contentDifferences(one: Contents, other: Contents): string[] {
  const told = (contents: Contents): string[] => [
    ...contents.tables.map(
      ({ columns, name, partition }) =>
        `table ${name} (${columns.join(", ")})${partition === null ? "" : ` ${partition.bound}`}`,
    ),
    ...contents.sequences.map((name) => `sequence ${name}`),
  ];
  const [here, there] = [new Set(told(one)), new Set(told(other))];
  return [
    ...[...here.difference(there)].map((what) => `only here: ${what}`),
    ...[...there.difference(here)].map((what) => `only there: ${what}`),
  ];
}

function storedTable(row: TableRow): StoredTable {
  const { bound, columns, name, parent, parent_schema: schema } = row;
  return {
    name: full(row.schema, name),
    partition: bound === null ? null : { of: full(schema ?? "", parent ?? ""), bound },
    columns: columns.map((column) => id(column)),
  };
}

function full(schema: string, name: string): string {
  return `${id(schema)}.${id(name)}`;
}
