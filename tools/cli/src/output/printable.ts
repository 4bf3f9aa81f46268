/**
 * Text from elsewhere as it may reach a terminal: what would move the cursor, clear the screen or retitle the window is shown
 * as a dot. Line ends and tabs stay.
 */
export function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, (character) =>
    character === "\n" || character === "\t" ? character : "·",
  );
}

/** The same on one line: line ends are shown as `↵`. */
export function oneLine(text: string): string {
  return printable(text.replaceAll("\r\n", "\n").replaceAll("\n", "↵")).replaceAll("\t", " ");
}
