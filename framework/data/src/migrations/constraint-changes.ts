import type { ConstraintDescription, TableDescription } from "./database-schema.ts";
import type { SchemaChange } from "./schema-changes.ts";

const words: Readonly<Record<ConstraintDescription["kind"], string>> = {
  "primary key": "primary key",
  unique: "unique key",
  "foreign key": "foreign key",
  check: "check",
  exclusion: "exclusion",
};

/** What is different about what a table refuses, for those who write it as they always did. */
export function constraintChanges(
  before: TableDescription,
  after: TableDescription,
): SchemaChange[] {
  const added = after.constraints.filter(isMissingIn(before));
  const dropped = before.constraints.filter(isMissingIn(after));
  const widened = dropped.filter((old) => added.some((now) => isWider(old, now)));
  return [
    ...added.map((constraint) => addition(before, after, constraint, widened)),
    ...dropped
      .filter((constraint) => !widened.includes(constraint))
      .flatMap((constraint) => removal(after, constraint)),
  ];
}

/** Under another name it refuses the same. */
function isMissingIn(table: TableDescription): (constraint: ConstraintDescription) => boolean {
  return (constraint) => !table.constraints.some((other) => meaning(other) === meaning(constraint));
}

function meaning({ kind, definition }: ConstraintDescription): string {
  return `${kind} ${definition.replace(/^CREATE UNIQUE INDEX \S+ ON/, "CREATE UNIQUE INDEX ON").replace(/ NOT VALID$/, "")}`;
}

function addition(
  before: TableDescription,
  after: TableDescription,
  constraint: ConstraintDescription,
  widened: readonly ConstraintDescription[],
): SchemaChange {
  const { name, definition } = constraint;
  const what = `the ${words[constraint.kind]} ${name}`;
  const change = (verdict: SchemaChange["verdict"], message: string): SchemaChange => ({
    verdict,
    table: after.name,
    code: "constraint_added",
    message,
  });
  if (widened.some((other) => isWider(other, constraint)))
    return change("compatible", `the check ${name} takes more values than before`);
  const old = new Set(before.columns.map((column) => column.name));
  const isOfNewColumns =
    constraint.columns.length > 0 && !constraint.columns.some((column) => old.has(column));
  if (isOfNewColumns && passesWithoutValues(after, constraint))
    return change(
      "compatible",
      `${what} is about new columns, and rows without values for them pass`,
    );
  return change(
    "incompatible",
    `${what} is new, and may refuse what still runs writes: ${definition}`,
  );
}

/** Whether a row that leaves out the constraint's columns passes, however many of them there are. */
function passesWithoutValues(
  table: TableDescription,
  { kind, columns, definition, holdsForDefaults }: ConstraintDescription,
): boolean {
  if (kind === "check") return holdsForDefaults === true;
  if (kind !== "unique" && kind !== "foreign key") return false;
  if (/NULLS NOT DISTINCT|MATCH FULL/.test(definition)) return false;
  // A key that is null in one column is equal to none, and refers to nothing.
  return table.columns.some(
    (column) =>
      columns.includes(column.name) &&
      column.nullable &&
      (column.default ?? column.identity ?? column.generated) === null,
  );
}

function removal(after: TableDescription, constraint: ConstraintDescription): SchemaChange[] {
  const { kind, name, columns } = constraint;
  // With its column it went already.
  if (columns.some((column) => !after.columns.some((other) => other.name === column))) return [];
  const isKey = kind === "primary key" || kind === "unique" || kind === "exclusion";
  const isHeldByAnother = after.constraints.some(
    (other) =>
      (other.kind === "primary key" || other.kind === "unique") &&
      !other.definition.includes(" WHERE ") &&
      other.columns.length > 0 &&
      other.columns.join() === columns.join(),
  );
  const change = { table: after.name, code: "constraint_dropped" } as const;
  const what = `the ${words[kind]} ${name}`;
  return [
    isKey && !isHeldByAnother
      ? {
          verdict: "unknown",
          ...change,
          message: `${what} is gone: a statement with ON CONFLICT on it would fail`,
        }
      : { verdict: "compatible", ...change, message: `${what} is gone` },
  ];
}

/** Whether the second is the same check over a list of values that holds all of the first's. */
function isWider(before: ConstraintDescription, after: ConstraintDescription): boolean {
  if (before.kind !== "check" || after.kind !== "check") return false;
  const [old, now] = [listedValues(before.definition), listedValues(after.definition)];
  return (
    old !== undefined &&
    old.rest === now?.rest &&
    old.values.every((value) => now.values.includes(value))
  );
}

/** `status in ('a', 'b')`, as PostgreSQL prints it: the values, and all that is around them. */
function listedValues(definition: string): { values: string[]; rest: string } | undefined {
  const list =
    /^(CHECK \(\((?:\(?\w+\)?(?:::[a-z ]+)?) = ANY \(\(?ARRAY\[)((?:'(?:[^']|'')*'::[a-z ]+(?:, )?)+)(\]\)?(?:::[a-z []+\])?\)\)\))$/.exec(
      definition,
    );
  if (list === null) return undefined;
  const values = [...(list[2] as string).matchAll(/'((?:[^']|'')*)'/g)].map(
    (match) => match[1] as string,
  );
  return { values, rest: `${list[1] ?? ""}…${list[3] ?? ""}` };
}
