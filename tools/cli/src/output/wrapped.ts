import { widthOf } from "./width.ts";

/** A text in lines of at most so many columns, broken between words and each indented; a longer word has a line of its own. */
export function wrapped(text: string, columns: number, indent = ""): string[] {
  const room = Math.max(20, columns - widthOf(indent));
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (line !== "" && widthOf(longer) > room) {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  return [...lines, line].map((each) => indent + each);
}
