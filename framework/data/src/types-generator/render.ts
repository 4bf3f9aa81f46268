import { columnType, nameOfType } from "./column-type.ts";
import type { Enumeration, Schema, Table } from "./introspect.ts";

/** Writes a schema as TypeScript. */
export function renderTypes(schema: Schema, importFrom: string): string {
  const names = new Names();
  const enumNames = new Map(
    schema.enumerations.map(({ name }) => [name, names.give(nameOfType(name))]),
  );
  const enumerations = schema.enumerations.map((enumeration) =>
    renderEnumeration(enumeration, enumNames),
  );
  const interfaces: string[] = [];
  const entries: string[] = [];
  for (const table of schema.tables) {
    const name = names.give(`${nameOfType(table.name)}Table`);
    interfaces.push(renderTable(table, name, enumNames));
    const key = table.schema === "public" ? table.name : `${table.schema}.${table.name}`;
    entries.push(`  ${propertyName(key)}: ${name};`);
  }
  const body = [...enumerations, ...interfaces, block("export interface Tables", entries)].join(
    "\n\n",
  );
  const imports = ["ColumnType", "Generated"].filter((name) => body.includes(`${name}<`));
  const lines = ["// Generated from the migrations by `kerf db types`; edits are lost."];
  if (imports.length > 0)
    lines.push(`import type { ${imports.join(", ")} } from ${JSON.stringify(importFrom)};`);
  return `${lines.join("\n")}\n\n${body}\n`;
}

function renderEnumeration(
  { name, values }: Enumeration,
  names: ReadonlyMap<string, string>,
): string {
  return `export type ${names.get(name)} = ${values.map((value) => JSON.stringify(value)).join(" | ")};`;
}

function renderTable(table: Table, name: string, enumNames: ReadonlyMap<string, string>): string {
  const lines = table.columns.flatMap((column) => [
    ...documentation(column.comment, "  "),
    `  ${propertyName(column.name)}: ${columnType(column, enumNames)};`,
  ]);
  return [...documentation(table.comment, ""), block(`export interface ${name}`, lines)].join("\n");
}

function block(head: string, lines: readonly string[]): string {
  return lines.length === 0 ? `${head} {}` : `${head} {\n${lines.join("\n")}\n}`;
}

function documentation(comment: string | null, indent: string): string[] {
  if (comment === null) return [];
  return [`${indent}/** ${comment.replaceAll("*/", "* /").replaceAll(/\s*\n\s*/g, " ")} */`];
}

function propertyName(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name);
}

/** Keeps the names of a file apart. */
class Names {
  readonly #given = new Set<string>(["Tables", "ColumnType", "Generated"]);

  give(wanted: string): string {
    let name = wanted;
    for (let i = 2; this.#given.has(name); i++) name = `${wanted}${i}`;
    this.#given.add(name);
    return name;
  }
}
