/** A copy with what JSON would keep of `value`, without the detour over text. Cycles throw, as they do in JSON. */
export function jsonCopy(value: unknown): unknown {
  return copy(value, 0);
}

// JSON.stringify gives up on cycles; depth finds them without remembering every object.
const maxDepth = 1_000;

function copy(value: unknown, depth: number): unknown {
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "number":
      // JSON knows no -0.
      return Number.isFinite(value) ? value + 0 : null;
    case "bigint":
      throw new TypeError("a bigint has no form in JSON");
    case "object":
      break;
    default:
      return undefined;
  }
  if (value === null) return null;
  if (depth > maxDepth) throw new TypeError("the value is nested too deeply, or contains itself");
  if (Array.isArray(value)) {
    const items: unknown[] = Array.from({ length: value.length });
    for (let index = 0; index < value.length; index++)
      items[index] = copy(value[index], depth + 1) ?? null;
    return items;
  }
  const withJson = value as { toJSON?: unknown };
  if (typeof withJson.toJSON === "function") {
    return copy((withJson.toJSON as (key: string) => unknown)(""), depth + 1);
  }
  const result: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    const member = copy((value as Record<string, unknown>)[key], depth + 1);
    if (member === undefined) continue;
    // A plain assignment of __proto__ would set the prototype instead of a member.
    if (key === "__proto__")
      Object.defineProperty(result, key, {
        value: member,
        enumerable: true,
        configurable: true,
        writable: true,
      });
    else result[key] = member;
  }
  return result;
}
