/** How deep examples go; schemas may hold themselves. */
const deepest = 6;

interface Schema {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly default?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly format?: string;
  readonly minimum?: number;
  readonly minItems?: number;
}

/** A value to begin with, of a JSON Schema: what is required is there, what has a default has it. */
export function exampleOf(schema: unknown, depth = 0): unknown {
  const {
    anyOf,
    default: preset,
    enum: values,
    items,
    oneOf,
    properties,
    required,
  } = schema as Schema;
  const { const: fixed, format, minItems, minimum, type } = schema as Schema;
  if (fixed !== undefined) return fixed;
  if (preset !== undefined) return preset;
  if (values !== undefined) return values[0];
  const choice = (anyOf ?? oneOf)?.[0];
  if (choice !== undefined) return exampleOf(choice, depth + 1);
  switch (Array.isArray(type) ? type[0] : type) {
    case "object":
      if (depth > deepest) return {};
      return Object.fromEntries(
        Object.entries(properties ?? {})
          .filter(([name, each]) => required?.includes(name) || each.default !== undefined)
          .map(([name, each]) => [name, exampleOf(each, depth + 1)]),
      );
    case "array":
      return (minItems ?? 0) > 0 && items !== undefined ? [exampleOf(items, depth + 1)] : [];
    case "integer":
    case "number":
      return minimum ?? 0;
    case "boolean":
      return false;
    case "string":
      return format === "email" ? "somebody@example.com" : "";
    default:
      return null;
  }
}
