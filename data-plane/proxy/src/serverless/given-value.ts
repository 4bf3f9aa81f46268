import { readFile } from "node:fs/promises";
import { KerfError } from "@kerf/kernel";

/** A secret as a function gets it: the value itself, from wherever its code has it, or a file that holds it. */
export type GivenValue = string | { readonly file: string };

/** Its text, without what stands around it. `what`: how it is called in an error. Throws `invalid_configuration`, never with the value. */
export async function textOf(given: GivenValue | undefined, what: string): Promise<string> {
  let text = "";
  if (typeof given === "string") text = given;
  else if (given !== undefined) text = await readGiven(given.file, what);
  if (text.trim() !== "") return text.trim();
  throw new KerfError("invalid_configuration", {
    message: `${what} is not set.`,
    why:
      given === undefined || typeof given === "string" ? "It is empty." : `${given.file} is empty.`,
    fix: "Give it to fetchHandler: the value, or { file: PATH }.",
  });
}

async function readGiven(file: string, what: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw new KerfError("invalid_configuration", {
      message: `The file with ${what} cannot be read: ${file}`,
      why: (cause as Error).message,
      fix: "Mount it into the function, readable by the user that it runs as.",
      cause,
    });
  }
}
