import type { Socket } from "node:net";

/** How long the other side may take to answer, milliseconds. */
const answerMs = 2_000;
/** Longest line that is read, characters. */
const longest = 1_024;

/** The first line that comes over `socket`, after `question` was sent; undefined when none comes. */
export function firstLine(socket: Socket, question?: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    let text = "";
    const timer = setTimeout(() => settle(undefined), answerMs);
    const settle = (line: string | undefined): void => {
      clearTimeout(timer);
      socket.off("data", onData).off("error", onGone).off("close", onGone);
      resolve(line);
    };
    const onGone = (): void => settle(undefined);
    const onData = (chunk: Buffer): void => {
      text += chunk.toString("latin1");
      const end = text.indexOf("\n");
      if (end >= 0) settle(text.slice(0, end));
      else if (text.length > longest) settle(undefined);
    };
    socket.on("data", onData).on("error", onGone).on("close", onGone);
    if (question !== undefined) socket.write(`${question}\n`);
  });
}
