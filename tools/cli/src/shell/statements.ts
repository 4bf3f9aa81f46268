/** SQL text cut at the semicolons that end statements. */
export interface Cut {
  /** Whole statements, without their semicolons and surrounding space; none is empty. */
  readonly statements: readonly string[];
  /** What is not ended yet. */
  readonly rest: string;
}

/** Cuts SQL into statements; a semicolon within quotes, dollar quotes or comments ends nothing. */
export function cutStatements(sql: string): Cut {
  const statements: string[] = [];
  let start = 0;
  let at = 0;
  while (at < sql.length) {
    if (sql[at] === ";") {
      const statement = sql.slice(start, at).trim();
      if (!isBlank(statement)) statements.push(statement);
      start = at + 1;
      at += 1;
      continue;
    }
    at = afterToken(sql, at);
  }
  return { statements, rest: sql.slice(start) };
}

/** Whether there is nothing but space and comments. */
export function isBlank(sql: string): boolean {
  let at = 0;
  while (at < sql.length) {
    const isComment = sql.startsWith("--", at) || sql.startsWith("/*", at);
    if (!isComment && !/\s/.test(sql[at] ?? "")) return false;
    at = afterToken(sql, at);
  }
  return true;
}

/** The position after the quoted text, the comment or the single character at `at`; the end when it is not closed. */
function afterToken(sql: string, at: number): number {
  const character = sql[at];
  if (character === "'")
    return afterString(sql, at, /[eE]/.test(sql[at - 1] ?? "") && !/[\w$]/.test(sql[at - 2] ?? ""));
  if (character === '"') return after(sql, '"', at + 1);
  if (sql.startsWith("--", at)) return after(sql, "\n", at);
  if (sql.startsWith("/*", at)) return afterComment(sql, at);
  if (character === "$" && !/[\w$]/.test(sql[at - 1] ?? "")) {
    const tag = /^\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$/.exec(
      sql.slice(at, at + 70),
    )?.[0];
    if (tag !== undefined) return after(sql, tag, at + tag.length);
  }
  return at + 1;
}

function after(sql: string, end: string, from: number): number {
  const found = sql.indexOf(end, from);
  return found < 0 ? sql.length : found + end.length;
}

/** A doubled quote reads as the end of one string and the start of the next, which cuts in the same places. */
function afterString(sql: string, at: number, escapes: boolean): number {
  if (!escapes) return after(sql, "'", at + 1);
  for (let position = at + 1; position < sql.length; position++) {
    if (sql[position] === "\\") position++;
    else if (sql[position] === "'") return position + 1;
  }
  return sql.length;
}

/** Comments of PostgreSQL nest. */
function afterComment(sql: string, at: number): number {
  let depth = 0;
  for (let position = at; position < sql.length; position++) {
    if (sql.startsWith("/*", position)) {
      depth++;
      position++;
    } else if (sql.startsWith("*/", position)) {
      position++;
      if (--depth === 0) return position + 1;
    }
  }
  return sql.length;
}
