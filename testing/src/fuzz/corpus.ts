import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

const folder = join(import.meta.dirname, "corpus");

/** The inputs that are kept of a parser: one a line, base64. Empty when there is no file yet. */
export async function readCorpus(name: string): Promise<Buffer[]> {
  try {
    const lines = (await readFile(join(folder, `${name}.txt`), "utf8")).split("\n");
    return lines.filter((line) => line !== "").map((line) => Buffer.from(line, "base64"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

/** Keeps these inputs of a parser, in an order that changes little. */
export async function writeCorpus(name: string, inputs: readonly Buffer[]): Promise<void> {
  const lines = [...new Set(inputs.map((input) => input.toString("base64")))].toSorted();
  await writeFile(join(folder, `${name}.txt`), `${lines.join("\n")}\n`);
}
