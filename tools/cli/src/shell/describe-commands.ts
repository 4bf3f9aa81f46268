/** What a backslash command asks for. */
export type ShellCommand =
  | { readonly type: "sql"; readonly statement: string }
  | { readonly type: "quit" }
  | { readonly type: "help" }
  | { readonly type: "unknown"; readonly command: string };

/** What can be typed at the prompt. */
export const shellHelp = `\\dt        list tables
\\d TABLE   show a table's columns and indexes
\\q         leave (Ctrl-D does too)
\\?         this
A statement ends with a semicolon and may take several lines; Ctrl-C throws it away.`;

const systemSchemas = "('pg_catalog', 'information_schema', 'pg_toast')";

/** Reads a backslash command. */
export function shellCommand(line: string): ShellCommand {
  const [command = "", ...rest] = line.trim().split(/\s+/);
  const name = rest.join(" ").replace(/;$/, "");
  if (command === "\\q") return { type: "quit" };
  if (command === "\\?" || command === "\\h") return { type: "help" };
  if (command === "\\dt" || (command === "\\d" && name === ""))
    return { type: "sql", statement: tables };
  if (command === "\\d") return { type: "sql", statement: describeTable(name) };
  return { type: "unknown", command };
}

const tables = `select n.nspname as schema, c.relname as name,
  case c.relkind when 'v' then 'view' when 'm' then 'materialized view' else 'table' end as type,
  pg_size_pretty(pg_total_relation_size(c.oid)) as size
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'v', 'm') and n.nspname not in ${systemSchemas} and n.nspname !~ '^pg_toast'
order by 1, 2`;

/** Columns, then indexes and constraints, of the table with that name. */
function describeTable(name: string): string {
  const table = `to_regclass(${literal(name)})`;
  return `select column_name as column, type, nullable, "default" from (
  select 0 as part, a.attnum as position, a.attname::text as column_name, format_type(a.atttypid, a.atttypmod) as type,
    case when a.attnotnull then 'not null' else '' end as nullable, coalesce(pg_get_expr(d.adbin, d.adrelid), '') as "default"
  from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
  where a.attrelid = ${table} and a.attnum > 0 and not a.attisdropped
  union all
  select 1, 0, i.indexrelid::regclass::text, 'index', case when i.indisunique then 'unique' else '' end,
    pg_get_indexdef(i.indexrelid)
  from pg_index i where i.indrelid = ${table}
  union all
  select 2, 0, c.conname::text, 'constraint', '', pg_get_constraintdef(c.oid)
  from pg_constraint c where c.conrelid = ${table} and c.contype in ('c', 'f')
) parts order by part, position, column_name`;
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
