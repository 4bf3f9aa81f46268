const leading = /^(?:\s+|--[^\n]*(?:\n|$)|\/\*[^]*?\*\/)*/;
const plain: Record<string, string> = {
  begin: "begin",
  "start transaction": "begin",
  commit: "commit",
  end: "commit",
  rollback: "rollback",
  abort: "rollback",
};

/**
 * What a statement would do to the transaction: `begin`, `commit` or `rollback` when it is just that, the statement itself when it
 * is that with conditions (isolation levels, two-phase commit), undefined when it is none. Savepoints are none.
 */
export function transactionControl(text: string): string | undefined {
  const start = text.search(/\S/);
  // Nearly every statement is out after one look at its first letter.
  if (start === -1 || !/[bcerasp/-]/i.test(text[start] as string)) return undefined;
  const statement = text
    .slice((leading.exec(text) as RegExpExecArray)[0].length)
    .slice(0, 200)
    .replace(/[\s;]+$/, "")
    .replace(/\s+/g, " ")
    .toLowerCase();
  const words =
    /^(begin|start transaction|commit|end|rollback|abort|prepare transaction|set transaction)\b/.exec(
      statement,
    );
  if (words === null || /^rollback( work| transaction)? to\b/.test(statement)) return undefined;
  return (
    plain[
      statement.replace(/ (work|transaction)$/, (end) => (statement.startsWith("start") ? end : ""))
    ] ?? statement
  );
}
