/** Longest text of a statement in a span, characters. */
const maxText = 1_024;
/** More of a statement is not looked at, characters. */
const maxLooked = 8_192;

// In the order in which they may begin: comments, texts in dollars, in E'' and in '', names in "", parameters and names, numbers.
const parts =
  /--[^\n]*|\/\*[^]*?(?:\*\/|$)|\$(\w*)\$[^]*?(?:\$\1\$|$)|\b[eE]'(?:[^'\\]|\\.|'')*(?:'|$)|'(?:[^']|'')*(?:'|$)|"(?:[^"]|"")*"|[$\p{L}_][\w$]*|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/gu;
const target = /\b(?:from|into|update|join)\s+(?:only\s+)?((?:"[^"]+"|\w+)(?:\.(?:"[^"]+"|\w+))?)/i;

/** What a statement is known by. */
export interface StatementSummary {
  /** `SELECT`. */
  readonly operation: string;
  /** The first table that it names. */
  readonly table: string | undefined;
  /** Without literals and comments, cut. */
  readonly text: string;
}

/** A statement without what it was given: literals are values as well, and may be anybody's address. */
export function summaryOf(statement: string): StatementSummary {
  const text = statement
    .slice(0, maxLooked)
    .replaceAll(parts, (part) => {
      if (/^(?:--|\/\*)/.test(part)) return " ";
      const isLiteral = /^(?:'|[eE]'|\$\w*\$|\d)/.test(part) && !/^\$\d+$/.test(part);
      return isLiteral ? "?" : part;
    })
    .replaceAll(/\s+/g, " ")
    .trim()
    .slice(0, maxText);
  const operation = /^\w+/.exec(text)?.[0].toUpperCase() ?? "SQL";
  const table = target.exec(text)?.[1]?.replaceAll('"', "");
  return { operation, table, text };
}
