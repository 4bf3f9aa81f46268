import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { text } from "node:stream/consumers";
import { KerfError } from "@kerf/kernel";

/** The value of a secret, and whether a line end at its end was left out. */
export interface ReadValue {
  readonly value: string;
  readonly dropped: boolean;
}

/** Reads the value of a secret: from `file`, at a terminal without showing it, or from stdin. Throws `usage`. */
export async function readValue(prompt: string, file: string | undefined): Promise<ReadValue> {
  if (file !== undefined) return withoutLineEnd(await fileText(file));
  if (process.stdin.isTTY) return { value: await ask(prompt), dropped: false };
  return withoutLineEnd(await text(process.stdin));
}

/** One line end at the end comes from the editor or from `echo`, and hardly ever belongs to the value. */
export function withoutLineEnd(whole: string): ReadValue {
  const value = whole.replace(/\r?\n$/, "");
  return { value, dropped: value !== whole };
}

async function fileText(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw new KerfError("usage", {
      message: `${file} cannot be read: ${(cause as Error).message}`,
      fix: "Give the file with the value by --file, or the value on stdin.",
      cause,
    });
  }
}

/** One line from the terminal; what is typed is not shown. */
function ask(prompt: string): Promise<string> {
  process.stderr.write(prompt);
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: silent, terminal: true });
  return new Promise((resolve, reject) => {
    lines.once("SIGINT", () => lines.close());
    lines.once("close", () => {
      process.stderr.write("\n");
      reject(new KerfError("cancelled", "No value was given, and nothing was changed."));
    });
    lines.once("line", (line) => {
      resolve(line);
      lines.close();
    });
  });
}
