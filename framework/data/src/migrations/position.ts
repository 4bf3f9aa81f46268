/** A place in a text, counted from 1. */
export interface TextPosition {
  readonly line: number;
  readonly column: number;
}

/** The line and column of an offset in a text. */
export function lineAt(text: string, offset: number): TextPosition {
  const before = text.slice(0, offset);
  const lastBreak = before.lastIndexOf("\n");
  return { line: before.split("\n").length, column: offset - lastBreak };
}

/** The offset of a position as PostgreSQL counts: from 1, in characters and not in UTF-16 units. */
export function offsetOf(text: string, position: number): number {
  return [...text].slice(0, position - 1).join("").length;
}
