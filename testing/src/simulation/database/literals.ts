/** A text with each literal replaced by `?`, and what the literals say, in their order. */
export interface Literals {
  readonly text: string;
  readonly values: readonly unknown[];
}

/**
 * What `inlineValues` of `framework/data` writes into a statement: strings (`E'…'` too), numbers, negative ones in parentheses, `null`, booleans, arrays of them.
 * Placeholders (`$1`) and names stay.
 */
const literal =
  /( E)?'((?:[^'\\]|''|\\.)*)'|\(-\d+(?:\.\d+)?\)|(?<![$\w.])-?\d+(?:\.\d+)?(?![\w.])|\b(?:null|true|false)\b|\barray\[/gs;

/** Takes the literals out of a text. */
export function takeLiterals(text: string): Literals {
  const values: unknown[] = [];
  let short = "";
  let end = 0;
  literal.lastIndex = 0;
  for (let found = literal.exec(text); found !== null; found = literal.exec(text)) {
    short += `${text.slice(end, found.index)}?`;
    values.push(found[0] === "array[" ? arrayOf(text) : valueOf(found));
    end = literal.lastIndex;
  }
  return { text: short + text.slice(end), values };
}

/** The elements that come next, up to the bracket that closes them. */
function arrayOf(text: string): unknown[] {
  const elements: unknown[] = [];
  while (text[literal.lastIndex] !== "]") {
    elements.push(valueOf(literal.exec(text) as RegExpExecArray));
    if (text.startsWith(", ", literal.lastIndex)) literal.lastIndex += 2;
  }
  literal.lastIndex += 1;
  return elements;
}

function valueOf([whole, escaping, quoted]: RegExpExecArray): unknown {
  if (quoted !== undefined) {
    const string = quoted.replaceAll("''", "'");
    return escaping === undefined ? string : string.replaceAll("\\\\", "\\");
  }
  if (whole === "null") return null;
  if (whole === "true" || whole === "false") return whole === "true";
  const digits = whole.startsWith("(") ? whole.slice(1, -1) : whole;
  const number = Number(digits);
  // What is larger is somebody's bigint, and stays as it is written.
  return Number.isSafeInteger(number) || digits.includes(".") ? number : digits;
}

/** The statements of one message, and each function of those that one statement calls; what is within quotes separates nothing. */
export function statementsOf(text: string): string[] {
  if (!text.includes(";")) return [text];
  return (
    text
      .match(/(?:[^';]|'(?:[^']|'')*')+/g)
      ?.flatMap((each) => callsOf(each.trim()))
      .filter((each) => each !== "") ?? []
  );
}

/** `select kerf.one(…), kerf.two(…)` as two statements: nothing between them could be seen from outside. */
function callsOf(statement: string): string[] {
  if (!statement.startsWith("select kerf.")) return [statement];
  const calls = statement.match(/(?:(?!, kerf\.)(?:[^']|'(?:[^']|'')*'))+/g) ?? [];
  return calls.map((call, n) => (n === 0 ? call : `select ${call.trim()}`));
}
