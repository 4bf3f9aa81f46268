import { styleText } from "node:util";

/** The few meanings that colour carries here. */
export type Ink = "good" | "bad" | "warn" | "faint" | "strong" | "name";

const styles = {
  good: "green",
  bad: "red",
  warn: "yellow",
  faint: "dim",
  strong: "bold",
  name: "cyan",
} as const;

/** Colours a piece of text, or returns it as it is. */
export type Paint = (ink: Ink, text: string) => string;

/** Leaves text as it is. */
export const plain: Paint = (_ink, text) => text;

/** Colours when the stream is a terminal and nobody asked for none (NO_COLOR, NODE_DISABLE_COLORS, TERM=dumb). */
export function paintFor(stream: NodeJS.WriteStream): Paint {
  return stream.isTTY ? (ink, text) => styleText(styles[ink], text, { stream }) : plain;
}
