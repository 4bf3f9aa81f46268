import type { DatabaseSchema, ObjectDescription, TableDescription } from "./database-schema.ts";
import { columnChanges } from "./column-changes.ts";
import { constraintChanges } from "./constraint-changes.ts";

/** What a change of the schema does to a release that still runs. `unknown`: nobody here can say; treat it as one that breaks. */
export type SchemaVerdict = "compatible" | "incompatible" | "unknown";

/** One change that migrations make. Plain JSON. */
export interface SchemaChange {
  readonly verdict: SchemaVerdict;
  /** The table, the view, the type or the function. */
  readonly table: string;
  readonly column?: string;
  /** Stable, for programs: `column_dropped`. */
  readonly code: string;
  /** One sentence. */
  readonly message: string;
}

/** One line for people: `incompatible: orders.total: …`. */
export function changeText({ verdict, table, column, message }: SchemaChange): string {
  return `${verdict}: ${table}${column === undefined ? "" : `.${column}`}: ${message}`;
}

/**
 * What releases that know `before` meet in `after`: they read and write what they always did. Every change is listed, those that hurt nobody
 * too.
 */
export function compareDatabaseSchemas(
  before: DatabaseSchema,
  after: DatabaseSchema,
): SchemaChange[] {
  const now = new Map(after.tables.map((table) => [table.name, table]));
  const old = new Map(before.tables.map((table) => [table.name, table]));
  const added = after.tables.filter(({ name }) => !old.has(name));
  return [
    ...before.tables.flatMap((table) => {
      const same = now.get(table.name);
      return same === undefined ? [dropped(table, added)] : tableChanges(table, same);
    }),
    ...added.map(({ name, kind }): SchemaChange => ({
      verdict: "compatible",
      table: name,
      code: "table_added",
      message: `the ${kind} is new`,
    })),
    ...enumerationChanges(before, after),
    ...objectChanges(before.objects, after.objects),
  ];
}

function dropped(table: TableDescription, added: readonly TableDescription[]): SchemaChange {
  const names = ({ columns }: TableDescription): string => columns.map(({ name }) => name).join();
  const renamed = added.find((other) => names(other) === names(table));
  const message =
    renamed === undefined
      ? `the ${table.kind} is gone`
      : `the ${table.kind} is gone, and ${renamed.name} has the same columns: renamed, it is gone for what still runs`;
  return { verdict: "incompatible", table: table.name, code: "table_dropped", message };
}

function tableChanges(before: TableDescription, after: TableDescription): SchemaChange[] {
  const table = before.name;
  const changes: SchemaChange[] = [];
  if (before.kind !== after.kind) {
    const message = `the ${before.kind} is a ${after.kind} now`;
    changes.push({ verdict: "unknown", table, code: "kind_changed", message });
  }
  changes.push(...columnChanges(before, after), ...constraintChanges(before, after));
  if (before.definition !== after.definition) {
    const message = "the view is made of something else, and may show other rows";
    changes.push({ verdict: "unknown", table, code: "view_changed", message });
  }
  const others = [
    ...before.effects
      .filter((effect) => !after.effects.includes(effect))
      .map((effect) => `${nameOf(effect)} is gone or changed`),
    ...after.effects
      .filter((effect) => !before.effects.includes(effect))
      .map((effect) => `${nameOf(effect)} is new or changed`),
  ];
  for (const message of new Set(others))
    changes.push({ verdict: "unknown", table, code: "effect_changed", message });
  return changes;
}

/** `trigger audit`, of `trigger audit: CREATE TRIGGER …`. */
function nameOf(effect: string): string {
  return effect.split(":", 1)[0] as string;
}

function enumerationChanges(before: DatabaseSchema, after: DatabaseSchema): SchemaChange[] {
  return before.enumerations.flatMap(({ name, values }): SchemaChange[] => {
    const now = after.enumerations.find((other) => other.name === name)?.values;
    const change = (verdict: SchemaVerdict, code: string, message: string): SchemaChange => ({
      verdict,
      table: name,
      code,
      message,
    });
    if (now === undefined)
      return [change("incompatible", "type_dropped", "the enumeration is gone")];
    const gone = values.filter((value) => !now.includes(value));
    const more = now.filter((value) => !values.includes(value));
    const kept = now.filter((value) => values.includes(value));
    const isReordered = gone.length === 0 && kept.join() !== values.join();
    return [
      ...gone.map((value) =>
        change(
          "incompatible",
          "value_dropped",
          `the value '${value}' is gone, which what still runs may write`,
        ),
      ),
      ...more.map((value) => change("compatible", "value_added", `the value '${value}' is new`)),
      ...(isReordered
        ? [
            change(
              "unknown",
              "values_reordered",
              "the values have another order, and sort otherwise",
            ),
          ]
        : []),
    ];
  });
}

function objectChanges(
  before: readonly ObjectDescription[],
  after: readonly ObjectDescription[],
): SchemaChange[] {
  const now = new Map(after.map(({ name, definition }) => [name, definition]));
  return before.flatMap(({ name, definition }): SchemaChange[] => {
    const same = now.get(name);
    if (same === definition) return [];
    return [
      same === undefined
        ? {
            verdict: "incompatible",
            table: name,
            code: "object_dropped",
            message: "it is gone, and what still runs may use it",
          }
        : {
            verdict: "unknown",
            table: name,
            code: "object_changed",
            message: "it is defined otherwise, and may do something else",
          },
    ];
  });
}
