import { KerfError } from "@kerf/kernel";
import type { Comparison, Condition, Query } from "./query.ts";
import { idRange, likePattern, microsOf, severityOf } from "./values.ts";

/** A condition of SQL with what stands for its question marks. */
export interface Sql {
  readonly text: string;
  readonly values: readonly (string | number | Uint8Array)[];
}

/** What is asked for: spans, or lines of logs. */
export type Subject = "spans" | "logs";

type Compile = (condition: Condition) => Sql;

const kinds = ["unspecified", "internal", "server", "client", "producer", "consumer"];

/** Fields that both have. Tables: `r` resources. */
const common: Readonly<Record<string, Compile>> = {
  service: textual("r.service"),
  unit: textual("r.unit"),
  release: textual("r.release"),
  instance: textual("r.instance"),
};

/** Fields of a query for spans. Tables: `s` spans, `n` names, `r` resources. */
const ofSpans: Readonly<Record<string, Compile>> = {
  ...common,
  name: textual("n.name"),
  operation: textual("n.name"),
  status: ({ field, value, comparison }) => {
    assertMatches(field, comparison);
    return { text: "s.failed = ?", values: [oneOf(field, value, ["ok", "error"])] };
  },
  kind: ({ field, value, comparison }) => {
    assertMatches(field, comparison);
    return { text: "s.kind = ?", values: [oneOf(field, value, kinds)] };
  },
  code: (condition) => ofAttribute("s.attributes", { ...condition, field: "@error.type" }),
  duration: ({ comparison, value }) => numeric("s.duration", comparison, microsOf(value)),
  trace: ids("s.trace", 16),
  span: ids("s.span", 8),
};

/** Fields of a query for lines of logs. Tables: `s` logs, `r` resources. */
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
  code: (condition) => ofAttribute("s.attributes", { ...condition, field: "@code" }),
  trace: ids("s.trace", 16),
  span: ids("s.span", 8),
};

const fields = { spans: ofSpans, logs: ofLogs } as const;
const wordsIn = {
  spans: ["n.name", "s.attributes", "s.rest"],
  logs: ["s.body", "s.attributes"],
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
      const columns = wordsIn[subject];
      return {
        text: columns.map((column) => `${column} like ? escape '\\'`).join(" or "),
        values: columns.map(() => pattern),
      };
    }
    case "condition":
      return ofCondition(subject, query);
  }
}

function ofCondition(subject: Subject, condition: Condition): Sql {
  const { field } = condition;
  if (field.startsWith("@")) return ofAttribute("s.attributes", condition);
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
function ofAttribute(column: string, { comparison, field, value }: Condition): Sql {
  // JSON paths take names in quotation marks; one within a name cannot be written there.
  const path = `$."${field.slice(1).replaceAll('"', "")}"`;
  const found = `coalesce(json_extract(${column}, ?), json_extract(r.attributes, ?))`;
  if (comparison !== "matches") {
    const number = Number(value);
    if (Number.isFinite(number))
      return { text: `${found} ${comparison} ?`, values: [path, path, number] };
    throw new KerfError("invalid_input", {
      message: `${field}: ${JSON.stringify(value)} is no number.`,
      fix: `${comparison} compares numbers.`,
    });
  }
  if (value === "*") return { text: `${found} is not null`, values: [path, path] };
  // JSON's true and false are 1 and 0 there.
  const asked = value === "true" ? "1" : value === "false" ? "0" : value;
  return {
    text: `cast(${found} as text) like ? escape '\\'`,
    values: [path, path, likePattern(asked)],
  };
}

function textual(column: string): Compile {
  return ({ comparison, field, value }) => {
    assertMatches(field, comparison);
    return { text: `${column} like ? escape '\\'`, values: [likePattern(value)] };
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
