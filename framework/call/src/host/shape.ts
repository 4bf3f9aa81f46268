import type { JsonSchema } from "@kerf/contract";

/** A strict reader of one JSON value: gives the checked copy or throws with the place. */
export interface Shape<T> {
  readonly json: JsonSchema;
  readonly read: (value: unknown, path: string) => T;
}

// Ours instead of a schema library's: every host program starts with these few shapes and should not load one for them.

/** A string of at most `most` characters; one of `values` when they are given. */
export function text<T extends string = string>(most: number, values?: readonly T[]): Shape<T> {
  return {
    json: {
      type: "string",
      maxLength: most,
      ...(values === undefined ? undefined : { enum: values }),
    },
    read(value, path) {
      if (typeof value !== "string") throw new TypeError(`${path} must be a string`);
      if (value.length > most) throw new TypeError(`${path} is longer than ${most} characters`);
      if (values !== undefined && !values.includes(value as T))
        throw new TypeError(`${path} must be one of ${values.join(", ")}`);
      return value as T;
    },
  };
}

/** A whole number that is not negative. */
export const count: Shape<number> = {
  json: { type: "integer", minimum: 0 },
  read(value, path) {
    if (!Number.isSafeInteger(value) || (value as number) < 0)
      throw new TypeError(`${path} must be a whole number from 0`);
    return value as number;
  },
};

/** A number that is not negative. */
export const amount: Shape<number> = {
  json: { type: "number", minimum: 0 },
  read(value, path) {
    if (!Number.isFinite(value) || (value as number) < 0)
      throw new TypeError(`${path} must be a number from 0`);
    return value as number;
  },
};

/** Any JSON value: taken as it is. */
export const anything: Shape<unknown> = { json: {}, read: (value) => value };

/** At most `most` of the same. */
export function list<T>(item: Shape<T>, most: number): Shape<T[]> {
  return {
    json: { type: "array", items: item.json, maxItems: most },
    read(value, path) {
      if (!Array.isArray(value)) throw new TypeError(`${path} must be an array`);
      if (value.length > most) throw new TypeError(`${path} has more than ${most} items`);
      return value.map((member, index) => item.read(member, `${path}[${index}]`));
    },
  };
}

/** An object; what it does not name is dropped, so that a newer version may say more. `optional`: names that may be missing. */
export function object<T extends object>(
  shapes: { readonly [K in keyof T]-?: Shape<NonNullable<T[K]>> | Shape<T[K]> },
  optional: readonly (keyof T)[] = [],
): Shape<T> {
  const names = Object.keys(shapes) as (keyof T & string)[];
  return {
    json: {
      type: "object",
      properties: Object.fromEntries(names.map((name) => [name, shapes[name].json])),
      required: names.filter((name) => !optional.includes(name)),
    },
    read(value, path) {
      if (typeof value !== "object" || value === null || Array.isArray(value))
        throw new TypeError(`${path} must be an object`);
      const given = value as Record<string, unknown>;
      const made: Record<string, unknown> = {};
      for (const name of names) {
        const member = given[name];
        if (member === undefined && optional.includes(name)) continue;
        made[name] = (shapes[name] as Shape<unknown>).read(
          member,
          path === "" ? name : `${path}.${name}`,
        );
      }
      return made as T;
    },
  };
}
