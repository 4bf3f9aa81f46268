import { parseSync } from "oxc-parser";

/** A statement that stands in the source. */
export interface FoundStatement {
  /** Names of what it stands in, from the outside: class and method, function, or constant. */
  readonly within: readonly string[];
  /** One line; `{}` where the source has a hole. */
  readonly text: string;
}

interface Node {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** How statements begin that are known wherever they stand: in lower case, as ours are written, and followed by what they act on. */
const statement =
  /^(select\s\S|with \w+( \([^)]*\))? as |insert into \S|update \S+ (\w+ )?set |delete from \S|merge into \S|begin(\{\}| \S)|savepoint \S|rollback to savepoint \S|release savepoint \S|set (local )?\w+ (=|to) |(create|alter|drop) (table|index|schema|role|database|function|sequence|user|extension|view|type|or replace) ?|truncate \S|lock table \S|do \$|listen \S|notify \S|copy \S|declare \S|fetch \S|vacuum|analyze )/;
/** The statements of a text: a semicolon in quotes or in a body ends none. */
const statementsIn = /(?:'[^']*'|\$\$[^]*?\$\$|[^;'$]|['$])+/g;
/** What is a statement as a whole, and a common word elsewhere. */
const bare = /^(begin|commit|rollback)$/;

/**
 * Every statement in a source file, in the order of the text: a literal that reads like SQL, wherever it stands. Of one that holds
 * several, each. What a migration holds (`{ name, sql }`) is left out: the server runs it at once, as one transaction.
 */
export function statementsOf(path: string, source: string): FoundStatement[] {
  const { program, errors } = parseSync(path, source);
  const [error] = errors;
  if (error !== undefined) throw new Error(`${path}: ${error.message}`);
  const found: FoundStatement[] = [];
  visit(program as unknown as Node, undefined, [], (node, parent, within) => {
    const text = textOf(node);
    if (text === undefined || isMigration(parent) || parent?.type === "TSLiteralType") return;
    for (const part of text.match(statementsIn) ?? []) {
      const one = normalized(part);
      if (statement.test(`${one} `) || (bare.test(one) && isSent(parent)))
        found.push({ within, text: one });
    }
  });
  return found;
}

/** A statement as it is compared: one line, single spaces, no semicolon at its end. */
export function normalized(text: string): string {
  return text
    .replace(/\s+/g, " ")
    .trim()
    .replace(/[;\s]+$/, "");
}

function textOf(node: Node): string | undefined {
  if (node.type === "Literal") return typeof node["value"] === "string" ? node["value"] : undefined;
  if (node.type !== "TemplateLiteral") return undefined;
  const quasis = node["quasis"] as readonly { value: { cooked: string | null } }[];
  return quasis.map(({ value }) => value.cooked ?? "").join("{}");
}

function isMigration(parent: Node | undefined): boolean {
  return parent?.type === "Property" && (parent["key"] as { name?: string }).name === "sql";
}

/** A bare word is a statement where it is handed on: `query("commit")`, `[…, "commit"]`, `{ text: "commit" }`. */
function isSent(parent: Node | undefined): boolean {
  if (parent?.type === "ArrayExpression") return true;
  if (parent?.type === "Property") return (parent["key"] as { name?: string }).name === "text";
  if (parent?.type !== "CallExpression") return false;
  const { property } = parent["callee"] as { property?: { name?: string } };
  return ["query", "run"].includes(property?.name ?? "");
}

type See = (node: Node, parent: Node | undefined, within: readonly string[]) => void;

function visit(node: Node, parent: Node | undefined, within: readonly string[], see: See): void {
  see(node, parent, within);
  const name = nameOf(node);
  const inside = name === undefined ? within : [...within, name];
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (typeof (child as Node | null)?.type === "string") visit(child as Node, node, inside, see);
    }
  }
}

/** What gives a place its name. Constants count outside of functions only: inside, they are the function's. */
function nameOf(node: Node): string | undefined {
  if (node.type === "ClassDeclaration" || node.type === "FunctionDeclaration")
    return (node["id"] as { name?: string } | null)?.name;
  if (node.type === "MethodDefinition" || node.type === "PropertyDefinition")
    return (node["key"] as { name?: string }).name;
  if (node.type === "VariableDeclarator") return (node["id"] as { name?: string }).name;
  return undefined;
}
