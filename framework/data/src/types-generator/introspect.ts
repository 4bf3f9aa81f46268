import type { Client } from "pg";

/** A column, as far as its type in TypeScript depends on it. */
export interface Column {
  readonly name: string;
  /** Name of the type; of a domain, of what it stands for; of an array, of its elements. */
  readonly type: string;
  readonly array: boolean;
  readonly enum: boolean;
  readonly nullable: boolean;
  /** The database gives a value when none is given. */
  readonly hasDefault: boolean;
  /** The database alone gives the value. */
  readonly generated: boolean;
  readonly comment: string | null;
}

/** A table or a view. */
export interface Table {
  readonly schema: string;
  readonly name: string;
  readonly comment: string | null;
  readonly columns: readonly Column[];
}

/** An enumeration with its values in their order. */
export interface Enumeration {
  readonly name: string;
  readonly values: readonly string[];
}

/** What the author's migrations made. */
export interface Schema {
  readonly tables: readonly Table[];
  readonly enumerations: readonly Enumeration[];
}

// Partitions have the type of their table; kerf_* is the platform's; what an extension brought is not the author's.
const tablesQuery = `
  with recursive base (oid, origin) as (
    select oid, oid from pg_type
    union all
    select t.typbasetype, b.origin from base b join pg_type t on t.oid = b.oid where t.typtype = 'd'
  ),
  resolved as (
    select b.origin, t.* from base b join pg_type t on t.oid = b.oid where t.typtype <> 'd'
  )
  select n.nspname as schema, c.relname as name, obj_description(c.oid, 'pg_class') as comment,
    json_agg(json_build_object(
      'name', a.attname,
      'type', coalesce(element.typname, type.typname),
      'array', element.oid is not null,
      'enum', coalesce(element.typtype, type.typtype) = 'e',
      'nullable', not (a.attnotnull or declared.typnotnull),
      'hasDefault', a.atthasdef or a.attidentity <> '' or declared.typdefault is not null,
      'generated', a.attidentity = 'a' or a.attgenerated <> '',
      'comment', col_description(c.oid, a.attnum)
    ) order by a.attnum) as columns
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  join pg_type declared on declared.oid = a.atttypid
  join resolved type on type.origin = a.atttypid
  left join resolved element on element.origin = type.typelem and type.typcategory = 'A'
  where c.relkind in ('r', 'p', 'v', 'm', 'f') and not c.relispartition
    and n.nspname not like 'pg\\_%' and n.nspname not in ('information_schema', 'kerf') and c.relname not like 'kerf\\_%'
    and not exists (select from pg_depend d where d.objid = c.oid and d.classid = 'pg_class'::regclass and d.deptype = 'e')
  group by n.nspname, c.oid, c.relname
  order by n.nspname collate "C", c.relname collate "C"`;

const enumerationsQuery = `
  select t.typname as name, json_agg(e.enumlabel order by e.enumsortorder) as values
  from pg_type t join pg_enum e on e.enumtypid = t.oid
  where not exists (select from pg_depend d where d.objid = t.oid and d.classid = 'pg_type'::regclass and d.deptype = 'e')
  group by t.oid, t.typname order by t.typname collate "C"`;

/** Reads the tables, views and enumerations of a database, in a fixed order. */
export async function introspect(client: Client): Promise<Schema> {
  const tables = await client.query<Table>(tablesQuery);
  const enumerations = await client.query<Enumeration>(enumerationsQuery);
  return { tables: tables.rows, enumerations: enumerations.rows };
}
