import { KerfError } from "@kerf/kernel";
import type { Comparison, Condition, Query } from "./query.ts";
import { idRange, likePattern, microsOf, severityOf } from "./values.ts";

/** A condition of SQL with what stands for its question marks. */
export interface Sql {
  readonly text: string;
  readonly values: readonly (string | number | Uint8Array)[];
}

/** What is asked for: spans, lines of logs, or series of metrics. Their table is `s`; nothing else needs to be joined. */
export type Subject = "spans" | "logs" | "series";

type Compile = (condition: Condition) => Sql;

const kinds = ["unspecified", "internal", "server", "client", "producer", "consumer"];

/** Fields that all have. */
const common: Readonly<Record<string, Compile>> = {
  service: shared("resource", "resources", "service"),
  unit: shared("resource", "resources", "unit"),
  release: shared("resource", "resources", "release"),
  instance: shared("resource", "resources", "instance"),
};

/** Fields of a query for spans. */
const ofSpans: Readonly<Record<string, Compile>> = {
  ...common,
  name: shared("name", "names", "name"),
  operation: shared("name", "names", "name"),
  status: ({ field, value, comparison }) => {
    assertMatches(field, comparison);
    // Written out, so that SQLite knows its index of those that failed.
    return { text: `s.failed = ${oneOf(field, value, ["ok", "error"])}`, values: [] };
  },
  kind: ({ field, value, comparison }) => {
    assertMatches(field, comparison);
    return { text: "s.kind = ?", values: [oneOf(field, value, kinds)] };
  },
  // The first of its trace.
  root: ({ field, value, comparison }) => {
    assertMatches(field, comparison);
    const isRoot = oneOf(field, value, ["false", "true"]) === 1;
    return { text: `s.parent is ${isRoot ? "" : "not "}null`, values: [] };
  },
  code: (condition) => ofAttribute({ ...condition, field: "@error.type" }),
  duration: ({ comparison, value }) => numeric("s.duration", comparison, microsOf(value)),
  trace: ids("s.trace", 16),
  span: ids("s.span", 8),
};

/** Fields of a query for lines of logs. */
const ofLogs: Readonly<Record<string, Compile>> = {
  ...common,
  message: textual("s.body"),
  // A level and everything worse has its own sign; a level alone is that level.
  level: ({ comparison, value }) => {
    const severity = severityOf(value);
    if (comparison === "matches")
      return { text: "s.severity >= ? and s.severity < ?", values: [severity, severity + 4] };
    const beyond = comparison === ">" || comparison === "<=" ? severity + 4 : severity;
    return { text: `s.severity ${comparison.startsWith(">") ? ">=" : "<"} ?`, values: [beyond] };
  },
  code: (condition) => ofAttribute({ ...condition, field: "@code" }),
  trace: ids("s.trace", 16),
  span: ids("s.span", 8),
};

/** Fields of a query for series of metrics. */
const ofSeries: Readonly<Record<string, Compile>> = {
  ...common,
  code: (condition) => ofAttribute({ ...condition, field: "@error.type" }),
};

const fields = { spans: ofSpans, logs: ofLogs, series: ofSeries } as const;
const wordsIn = {
  spans: [
    "s.name in (select id from names where name like ? escape '\\')",
    "s.attributes like ? escape '\\'",
    "s.rest like ? escape '\\'",
  ],
  logs: ["s.body like ? escape '\\'", "s.attributes like ? escape '\\'"],
  series: ["s.attributes like ? escape '\\'"],
} as const;

/** A query as a condition on the rows of one segment. Values never become part of the text. Throws `invalid_input` for a field that there is not. */
export function toSql(subject: Subject, query: Query): Sql {
  switch (query.kind) {
    case "all":
      return joined(
        query.terms.map((term) => toSql(subject, term)),
        "and",
        "true",
      );
    case "any":
      return joined(
        query.terms.map((term) => toSql(subject, term)),
        "or",
        "false",
      );
    case "not": {
      const { text, values } = toSql(subject, query.term);
      return { text: `not coalesce((${text}), false)`, values };
    }
    case "word": {
      const pattern = `%${likePattern(query.text)}%`;
      const places = wordsIn[subject];
      return { text: places.join(" or "), values: places.map(() => pattern) };
    }
    case "condition":
      return ofCondition(subject, query);
  }
}

function ofCondition(subject: Subject, condition: Condition): Sql {
  const { field } = condition;
  if (field.startsWith("@")) return ofAttribute(condition);
  const known = fields[subject];
  const compile = Object.hasOwn(known, field) ? known[field] : undefined;
  if (compile === undefined) {
    throw new KerfError("invalid_input", {
      message: `There is no field ${JSON.stringify(field)}.`,
      fix: `Give one of ${Object.keys(known).join(", ")}, or an attribute with @ before it: @${field}`,
    });
  }
  return compile(condition);
}

/** An attribute of the row itself, or else of who recorded it. */
function ofAttribute({ comparison, field, value }: Condition): Sql {
  // JSON paths take names in quotation marks; one within a name cannot be written there.
  const path = `$."${field.slice(1).replaceAll('"', "")}"`;
  if (comparison !== "matches") {
    const number = Number(value);
    if (Number.isFinite(number))
      return ownOrShared(path, (found) => `${found} ${comparison} ?`, [number]);
    throw new KerfError("invalid_input", {
      message: `${field}: ${JSON.stringify(value)} is no number.`,
      fix: `${comparison} compares numbers.`,
    });
  }
  if (value === "*") return ownOrShared(path, (found) => `${found} is not null`, []);
  // JSON's true and false are 1 and 0 there.
  const asked = value === "true" ? "1" : value === "false" ? "0" : value;
  return ownOrShared(
    path,
    (found) => `cast(${found} as text) like ? escape '\\'`,
    [likePattern(asked)],
    standsAsWritten(value) ? `%${likePattern(value)}%` : undefined,
  );
}

/** Whether a value stands in JSON just as it is written here: then a look at the text tells most rows apart, five times as quick as reading it. */
function standsAsWritten(value: string): boolean {
  // oxlint-disable-next-line no-control-regex
  if (/["\\\u0000-\u001f]/.test(value)) return false;
  return !Number.isFinite(Number(value)) || /^\d{2,15}$/.test(value);
}

function ownOrShared(
  path: string,
  condition: (found: string) => string,
  values: readonly (string | number)[],
  within?: string,
): Sql {
  const own = "json_extract(s.attributes, ?)";
  const look = within === undefined ? "" : "s.attributes like ? escape '\\' and ";
  const sharedBy = condition("json_extract(attributes, ?)");
  return {
    text: `(${look}${condition(own)})
      or (s.resource in (select id from resources where ${sharedBy}) and ${own} is null)`,
    values: [...(within === undefined ? [] : [within]), path, ...values, path, ...values, path],
  };
}

function textual(column: string): Compile {
  return ({ comparison, field, value }) => {
    assertMatches(field, comparison);
    return { text: `${column} like ? escape '\\'`, values: [likePattern(value)] };
  };
}

/** A text that many rows share: it is compared once, and not for each of them. */
function shared(id: string, table: string, column: string): Compile {
  return (condition) => {
    const { text, values } = textual(column)(condition);
    return { text: `s.${id} in (select id from ${table} where ${text})`, values };
  };
}

function ids(column: string, bytes: number): Compile {
  return ({ comparison, field, value }) => {
    assertMatches(field, comparison);
    const { greatest, least } = idRange(value, bytes);
    return { text: `${column} >= ? and ${column} <= ?`, values: [least, greatest] };
  };
}

function numeric(column: string, comparison: Comparison, value: number): Sql {
  const sign = comparison === "matches" ? "=" : comparison;
  return { text: `${column} ${sign} ?`, values: [value] };
}

function oneOf(field: string, value: string, choices: readonly string[]): number {
  const at = choices.indexOf(value.toLowerCase());
  if (at >= 0) return at;
  throw new KerfError("invalid_input", {
    message: `${field}: ${JSON.stringify(value)} is none of ${choices.join(", ")}.`,
  });
}

function assertMatches(field: string, comparison: Comparison): void {
  if (comparison === "matches") return;
  throw new KerfError("invalid_input", {
    message: `${field} is a text: ${comparison} does not compare it.`,
    fix: `Write ${field}:VALUE, with * for anything.`,
  });
}

function joined(terms: readonly Sql[], word: "and" | "or", empty: string): Sql {
  if (terms.length === 0) return { text: empty, values: [] };
  return {
    text: terms.map(({ text }) => `(${text})`).join(` ${word} `),
    values: terms.flatMap(({ values }) => values),
  };
}
