import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { KerfError } from "@kerf/kernel";

/** The input of a call: JSON as given, from stdin (`-`) or from a file (`@FILE`); throws `usage` when it is no JSON. */
export async function readInput(given: string): Promise<unknown> {
  if (given === "-") return parse(await text(process.stdin), "stdin");
  if (given.startsWith("@")) return parse(await readGiven(given.slice(1)), given.slice(1));
  return parse(given, "the input");
}

/** Whom to call for: a subject, or a JSON object with `subject` and `claims`. */
export function readPrincipal(given: string): { subject: string; claims: Record<string, unknown> } {
  if (!given.startsWith("{")) return { subject: given, claims: {} };
  const { subject, claims } = parse(given, "--as") as {
    subject?: unknown;
    claims?: Record<string, unknown>;
  };
  if (typeof subject === "string" && subject !== "") return { subject, claims: claims ?? {} };
  throw new KerfError("usage", {
    message: `--as ${given} names no subject.`,
    fix: 'Write --as alice, or --as \'{"subject":"alice","claims":{}}\'.',
  });
}

async function readGiven(file: string): Promise<string> {
  return readFile(file, "utf8").catch((cause: unknown) => {
    throw new KerfError("usage", {
      message: `The input file ${file} cannot be read.`,
      why: (cause as Error).message,
      cause,
    });
  });
}

function parse(json: string, from: string): unknown {
  try {
    return JSON.parse(json);
  } catch (cause) {
    throw new KerfError("usage", {
      message: `What ${from} holds is no JSON.`,
      why: (cause as Error).message,
      fix: `Quote it for the shell: kerf call SERVICE.OPERATION '{"id":"…"}'`,
      cause,
    });
  }
}
