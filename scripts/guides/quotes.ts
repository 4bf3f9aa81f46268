/** A block of code in a page. */
export interface Block {
  /** Line of its fence, counted from 1. */
  readonly line: number;
  readonly language: string;
  /** The file that it says it stands in, from the top of the checkout; undefined when it names none. */
  readonly path: string | undefined;
  readonly lines: readonly string[];
}

/** Languages whose blocks must be quotes: what is compiled, run or answered goes wrong unnoticed when it is only written down. */
const quoted = new Set(["ts", "js", "mjs", "sql", "json"]);
/** A line that stands for lines that are left out. */
const omission = /^(?:\/\/|--)? ?…$/;

/** The fenced blocks of a Markdown page. */
export function blocksIn(markdown: string): Block[] {
  const blocks: Block[] = [];
  let open:
    | { line: number; language: string; path: string | undefined; lines: string[] }
    | undefined;
  for (const [index, content] of markdown.split("\n").entries()) {
    const fence = /^```(\S*)\s*(\S*)/.exec(content);
    if (fence === null) open?.lines.push(content);
    else if (open === undefined) {
      const [, language = "", path = ""] = fence;
      open = { line: index + 1, language, path: path === "" ? undefined : path, lines: [] };
    } else {
      blocks.push(open);
      open = undefined;
    }
  }
  return blocks;
}

/** Every block of a page that is no quote of the file that it names, as a sentence. `read` answers undefined for a file that is missing. */
export function falseQuotes(
  page: string,
  markdown: string,
  read: (path: string) => string | undefined,
): string[] {
  return blocksIn(markdown)
    .filter(({ language }) => quoted.has(language))
    .flatMap(({ line, language, path, lines }) => {
      const where = `${page}:${line}`;
      if (path === undefined)
        return `${where}: the block names no file; write \`\`\`${language} PATH`;
      const text = read(path);
      if (text === undefined) return `${where}: ${path} does not exist`;
      const missing = firstMissing(lines, text.split("\n"));
      return missing === undefined
        ? []
        : `${where}: ${path} has no such lines (any more), or not in this order:\n${missing.map((content) => `    ${content}`).join("\n")}`;
    });
}

/** The first piece between omissions that the file does not hold behind the one before; indentation counts within a piece only. */
function firstMissing(
  lines: readonly string[],
  file: readonly string[],
): readonly string[] | undefined {
  let from = 0;
  for (const piece of piecesOf(lines)) {
    const found = find(piece, file, from);
    if (found === undefined) return piece;
    from = found + piece.length;
  }
  return undefined;
}

function piecesOf(lines: readonly string[]): string[][] {
  const pieces: string[][] = [[]];
  for (const line of lines) {
    if (omission.test(line.trim())) pieces.push([]);
    else pieces.at(-1)?.push(line);
  }
  return pieces.map(trimmed).filter((piece) => piece.length > 0);
}

/** Without the empty lines at both ends. */
function trimmed(lines: readonly string[]): string[] {
  const first = lines.findIndex((line) => line.trim() !== "");
  const last = lines.findLastIndex((line) => line.trim() !== "");
  return lines.slice(Math.max(first, 0), last + 1);
}

function find(piece: readonly string[], file: readonly string[], from: number): number | undefined {
  const wanted = dedented(piece).join("\n");
  for (let at = from; at + piece.length <= file.length; at++) {
    if (dedented(file.slice(at, at + piece.length)).join("\n") === wanted) return at;
  }
  return undefined;
}

function dedented(lines: readonly string[]): string[] {
  const indents = lines.filter((line) => line.trim() !== "").map((line) => line.search(/\S/));
  const least = Math.min(...indents);
  return lines.map((line) => line.slice(least).trimEnd());
}
