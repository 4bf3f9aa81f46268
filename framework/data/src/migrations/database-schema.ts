import type { Client } from "pg";
import { sqlState } from "../database-errors.ts";
import { quoteIdentifier as id } from "../service-names.ts";

/** A column of a table or view. */
export interface ColumnDescription {
  readonly name: string;
  /** With its bounds, as `character varying(20)`. */
  readonly type: string;
  readonly nullable: boolean;
  /** The expression of its default, of an identity's or a serial's none. */
  readonly default: string | null;
  readonly identity: "always" | "by default" | null;
  /** The expression that alone gives the value. */
  readonly generated: string | null;
}

/** A constraint or a unique index. */
export interface ConstraintDescription {
  readonly name: string;
  readonly kind: "primary key" | "unique" | "foreign key" | "check" | "exclusion";
  /** In SQL; of an index its statement. */
  readonly definition: string;
  readonly columns: readonly string[];
  /** Of a check: whether a row that leaves out all of its columns passes; null where that cannot be tried. */
  readonly holdsForDefaults: boolean | null;
}

/** A table or view. */
export interface TableDescription {
  /** `schema.name`; the schema `public` is left out. */
  readonly name: string;
  readonly kind: "table" | "partitioned table" | "view" | "materialized view" | "foreign table";
  readonly columns: readonly ColumnDescription[];
  readonly constraints: readonly ConstraintDescription[];
  /** Of a view. */
  readonly definition: string | null;
  /** What else has a say in statements, each as text: triggers, rules, row security and its policies, rights. */
  readonly effects: readonly string[];
}

/** A type, function or sequence of the author's, which is compared as a whole. */
export interface ObjectDescription {
  /** `function total(uuid)`, `domain email`, `sequence numbers`. */
  readonly name: string;
  readonly definition: string;
}

/** What an author's migrations have made of a database: plain JSON, in a fixed order. */
export interface DatabaseSchema {
  readonly tables: readonly TableDescription[];
  readonly enumerations: readonly { readonly name: string; readonly values: readonly string[] }[];
  readonly objects: readonly ObjectDescription[];
}

// What is the author's: no catalogs, nothing of the platform's, nothing that an extension brought.
const own = (object: string, catalog: string): string => `
  n.nspname not like 'pg\\_%' and n.nspname not in ('information_schema', 'kerf')
  and not exists (select from pg_depend d
    where d.objid = ${object} and d.classid = '${catalog}'::regclass and d.deptype = 'e')`;
const named = (name: string): string =>
  `case n.nspname when 'public' then ${name} else n.nspname || '.' || ${name} end`;

const tablesQuery = `
  select (${named("c.relname")}) collate "C" as name,
    case c.relkind when 'r' then 'table' when 'p' then 'partitioned table' when 'v' then 'view'
      when 'm' then 'materialized view' else 'foreign table' end as kind,
    case when c.relkind in ('v', 'm') then pg_get_viewdef(c.oid) end as definition,
    coalesce((select json_agg(json_build_object(
        'name', a.attname, 'type', format_type(a.atttypid, a.atttypmod), 'nullable', not a.attnotnull,
        'default', case when a.attgenerated = '' then pg_get_expr(e.adbin, e.adrelid) end,
        'identity', case a.attidentity when 'a' then 'always' when 'd' then 'by default' end,
        'generated', case when a.attgenerated <> '' then pg_get_expr(e.adbin, e.adrelid) end) order by a.attnum)
      from pg_attribute a left join pg_attrdef e on e.adrelid = a.attrelid and e.adnum = a.attnum
      where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped), '[]') as columns,
    coalesce((select json_agg(json_build_object('name', k.name, 'kind', k.kind, 'definition', k.definition,
        'columns', (select coalesce(json_agg(a.attname order by a.attnum), '[]') from pg_attribute a
          where a.attrelid = c.oid and a.attnum = any(k.keys)),
        'holdsForDefaults', null, 'expression', k.expression) order by k.name collate "C")
      from (
        select conname as name, case contype when 'p' then 'primary key' when 'u' then 'unique'
            when 'f' then 'foreign key' when 'c' then 'check' else 'exclusion' end as kind,
          pg_get_constraintdef(oid) as definition, conkey as keys, pg_get_expr(conbin, conrelid) as expression
        from pg_constraint where conrelid = c.oid and contype in ('p', 'u', 'f', 'c', 'x')
        union all
        select i.relname, 'unique', pg_get_indexdef(i.oid), x.indkey::int2[], null
        from pg_index x join pg_class i on i.oid = x.indexrelid
        where x.indrelid = c.oid and x.indisunique
          and not exists (select from pg_constraint o where o.conindid = i.oid and o.contype in ('p', 'u', 'x'))
      ) k), '[]') as constraints,
    array(select effect from (
      select 'trigger ' || tgname || ': ' || pg_get_triggerdef(oid) from pg_trigger where tgrelid = c.oid and not tgisinternal
      union all select 'rule ' || rulename || ': ' || pg_get_ruledef(oid) from pg_rewrite where ev_class = c.oid and rulename <> '_RETURN'
      union all select 'row security' where c.relrowsecurity
      union all select 'policy ' || polname || ': ' || concat_ws(' ', polcmd, polpermissive, polroles::regrole[]::text,
          pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid)) from pg_policy where polrelid = c.oid
      union all select 'partitioned by ' || pg_get_partkeydef(c.oid) where c.relkind = 'p'
      union all select 'rights of ' || coalesce(nullif(acl.grantee, 0)::regrole::text, 'public') || ': '
          || string_agg(acl.privilege_type, ', ' order by acl.privilege_type)
        from aclexplode(c.relacl) acl where acl.grantee <> c.relowner group by acl.grantee
    ) found (effect) order by effect collate "C") as effects
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'v', 'm', 'f') and not c.relispartition and c.relname not like 'kerf\\_%'
    and ${own("c.oid", "pg_class")}
  order by 1`;

const enumerationsQuery = `
  select (${named("t.typname")}) collate "C" as name, array_agg(e.enumlabel::text order by e.enumsortorder) as values
  from pg_type t join pg_enum e on e.enumtypid = t.oid join pg_namespace n on n.oid = t.typnamespace
  where ${own("t.oid", "pg_type")}
  group by n.nspname, t.typname order by 1`;

const objectsQuery = `
  select * from (
    select case p.prokind when 'p' then 'procedure ' when 'a' then 'aggregate ' else 'function ' end
        || ${named("p.proname")} || '(' || pg_get_function_identity_arguments(p.oid) || ')' as name,
      case when p.prokind = 'a' then pg_get_function_result(p.oid) else pg_get_functiondef(p.oid) end as definition
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace where ${own("p.oid", "pg_proc")}
    union all
    select 'domain ' || ${named("t.typname")}, concat_ws(' ', format_type(t.typbasetype, t.typtypmod),
      case when t.typnotnull then 'not null' end, 'default ' || t.typdefault,
      (select string_agg(pg_get_constraintdef(oid), ' ' order by conname) from pg_constraint where contypid = t.oid and contype = 'c'))
    from pg_type t join pg_namespace n on n.oid = t.typnamespace where t.typtype = 'd' and ${own("t.oid", "pg_type")}
    union all
    select 'sequence ' || ${named("c.relname")}, concat_ws(' ', format_type(s.seqtypid, null), 'from', s.seqstart, 'by', s.seqincrement,
      'between', s.seqmin, 'and', s.seqmax, case when s.seqcycle then 'cycle' end)
    from pg_sequence s join pg_class c on c.oid = s.seqrelid join pg_namespace n on n.oid = c.relnamespace
    where ${own("c.oid", "pg_class")} and c.relname not like 'kerf\\_%'
      and not exists (select from pg_depend d where d.objid = c.oid and d.classid = 'pg_class'::regclass and d.deptype in ('a', 'i'))
  ) found order by name collate "C"`;

type ConstraintRow = ConstraintDescription & { readonly expression: string | null };
type TableRow = Omit<TableDescription, "constraints"> & { readonly constraints: ConstraintRow[] };

/** Reads what the author's migrations have made of a database; outside of a transaction. What they did to rows is not in it. */
export async function describeSchema(client: Client): Promise<DatabaseSchema> {
  const { rows } = await client.query<TableRow>(tablesQuery);
  const tables: TableDescription[] = [];
  for (const { name, kind, columns, constraints, definition, effects } of rows) {
    const described: ConstraintDescription[] = [];
    for (const { expression, ...constraint } of constraints) {
      const holdsForDefaults =
        expression === null
          ? null
          : await holds(
              client,
              expression,
              columns.filter((column) => constraint.columns.includes(column.name)),
            );
      described.push({ ...constraint, holdsForDefaults });
    }
    tables.push({ name, kind, columns, constraints: described, definition, effects });
  }
  const enumerations = await client.query<{ name: string; values: string[] }>(enumerationsQuery);
  const objects = await client.query<ObjectDescription>(objectsQuery);
  return { tables, enumerations: enumerations.rows, objects: objects.rows };
}

/** Whether a check passes for a row of defaults; PostgreSQL is asked, since only it reads SQL. */
async function holds(
  client: Client,
  expression: string,
  columns: readonly ColumnDescription[],
): Promise<boolean | null> {
  // A default that draws a number is not drawn here: the database may be live.
  const isTried = ({ identity, generated, default: given }: ColumnDescription): boolean =>
    identity === null && generated === null && given?.includes("nextval(") !== true;
  if (columns.length === 0 || !columns.every(isTried)) return null;
  const row = columns.map(
    (column) => `cast(${column.default ?? "null"} as ${column.type}) as ${id(column.name)}`,
  );
  try {
    const { rows } = await client.query<{ holds: boolean }>(
      `select coalesce((${expression}), true) as holds from (select ${row.join(", ")}) as row_of_defaults`,
    );
    return rows[0]?.holds ?? null;
  } catch (error) {
    // A default or a check that fails for such a row, such as a division by zero: nobody can say what an insert does.
    if (sqlState(error) === undefined) throw error;
    return null;
  }
}
