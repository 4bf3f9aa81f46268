import { parseSync, Visitor } from "oxc-parser";

/** One place where a file names another module. */
export interface Import {
  readonly specifier: string;
  /** Counted from 1. */
  readonly line: number;
  /** `type` for what disappears when types are stripped, `value` for what is loaded. */
  readonly kind: "value" | "type";
}

/**
 * Every module that a TypeScript or JavaScript file names: static, dynamic with a literal, re-exports, `import()` types,
 * `import = require()` and `require()`. `import.meta.resolve` is left out: it starts programs and imports nothing.
 * Throws on a file that does not parse, naming the place.
 */
export function importsOf(path: string, source: string): Import[] {
  const { program, errors } = parseSync(path, source);
  const [error] = errors;
  if (error !== undefined)
    throw new Error(`${path}:${lineAt(source, error.labels[0]?.start ?? 0)}: ${error.message}`);

  const found: Import[] = [];
  const add = (
    node: { readonly start: number },
    specifier: string | undefined,
    kind: Import["kind"],
  ): void => {
    if (specifier !== undefined) found.push({ specifier, line: lineAt(source, node.start), kind });
  };
  new Visitor({
    ImportDeclaration: (node) =>
      add(node, node.source.value, node.importKind === "type" ? "type" : "value"),
    ExportNamedDeclaration: (node) =>
      add(node, node.source?.value, node.exportKind === "type" ? "type" : "value"),
    ExportAllDeclaration: (node) =>
      add(node, node.source.value, node.exportKind === "type" ? "type" : "value"),
    ImportExpression: (node) => add(node, literal(node.source), "value"),
    TSImportType: (node) => add(node, node.source.value, "type"),
    TSExternalModuleReference: (node) => add(node, node.expression.value, "value"),
    CallExpression: (node) => {
      if (node.callee.type === "Identifier" && node.callee.name === "require")
        add(node, literal(node.arguments[0]), "value");
    },
  }).visit(program);
  return found;
}

/** The value of a string literal, or of a template without holes. */
function literal(node: unknown): string | undefined {
  const { type, value, quasis } = (node ?? {}) as {
    type?: string;
    value?: unknown;
    quasis?: readonly { readonly value: { readonly cooked: string | null } }[];
  };
  if (type === "Literal" && typeof value === "string") return value;
  if (type === "TemplateLiteral" && quasis?.length === 1)
    return quasis[0]?.value.cooked ?? undefined;
  return undefined;
}

function lineAt(source: string, offset: number): number {
  return source.slice(0, offset).split("\n").length;
}
