/** One statement of an SQL text. */
export interface SqlStatement {
  readonly text: string;
  /** Where it begins in the text. */
  readonly offset: number;
}

// What a semicolon does not end: quoted names and strings (E'' with backslashes), dollar quotes, comments.
const token =
  /--[^\n]*|\/\*|'(?:[^']|'')*'|"(?:[^"]|"")*"|\$([A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$|;|[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*|[^]/y;

/** Splits a text into its statements, as far as that can be known without a grammar; comments alone are none. */
export function splitStatements(sql: string): SqlStatement[] {
  const statements: SqlStatement[] = [];
  let begin = -1;
  let end = 0;
  let at = 0;
  // In BEGIN ATOMIC … END (the bodies of SQL functions) semicolons end nothing.
  let atomic = 0;
  let previous = "";
  const close = (): void => {
    if (begin >= 0) statements.push({ text: sql.slice(begin, end), offset: begin });
    begin = -1;
    atomic = 0;
    previous = "";
  };
  while (at < sql.length) {
    token.lastIndex = at;
    const match = token.exec(sql) as RegExpExecArray;
    const text = match[0];
    const start = at;
    at = token.lastIndex;
    if (text.startsWith("--") || /^\s$/.test(text)) continue;
    if (text === "/*") {
      at = endOfComment(sql, at);
      continue;
    }
    if (text === ";" && atomic === 0) {
      close();
      continue;
    }
    if (begin < 0) begin = start;
    if (/^\$.*\$$/s.test(text)) {
      const closing = sql.indexOf(text, at);
      at = closing < 0 ? sql.length : closing + text.length;
    } else if (/^e$/i.test(text) && sql[at] === "'") {
      at = endOfEscapedString(sql, at + 1);
    }
    const word = text.toLowerCase();
    if (word === "atomic" && previous === "begin") atomic = 1;
    else if (atomic > 0 && word === "case") atomic++;
    else if (atomic > 0 && word === "end") atomic--;
    previous = word;
    end = at;
  }
  close();
  return statements;
}

function endOfComment(sql: string, from: number): number {
  let depth = 1;
  const mark = /\/\*|\*\//g;
  mark.lastIndex = from;
  for (let match = mark.exec(sql); match !== null; match = mark.exec(sql)) {
    depth += match[0] === "/*" ? 1 : -1;
    if (depth === 0) return mark.lastIndex;
  }
  return sql.length;
}

function endOfEscapedString(sql: string, from: number): number {
  const rest = /(?:[^'\\]|\\[^]|'')*'/y;
  rest.lastIndex = from;
  return rest.test(sql) ? rest.lastIndex : sql.length;
}
