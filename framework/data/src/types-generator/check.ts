import { readFile } from "node:fs/promises";
import type { ConnectionConfig } from "../connection.ts";
import { generateTypes, type GenerateTypesOptions } from "./generate.ts";

/** Whether a file of table types still says what the migrations say. */
export interface TypesCheck {
  readonly upToDate: boolean;
  /** What the file should hold. */
  readonly expected: string;
  /** The first line that differs, for people; absent when none does. */
  readonly difference?: string;
}

/** Compares the types of a migrated database with a file; a missing file is out of date. */
export async function checkTypes(
  connection: ConnectionConfig,
  file: string,
  options: GenerateTypesOptions = {},
): Promise<TypesCheck> {
  const expected = await generateTypes(connection, options);
  const actual = await readFile(file, "utf8").catch(() => undefined);
  if (actual === expected) return { upToDate: true, expected };
  return { upToDate: false, expected, difference: differenceOf(file, actual, expected) };
}

function differenceOf(file: string, actual: string | undefined, expected: string): string {
  if (actual === undefined) return `${file} does not exist.`;
  const has = actual.split("\n");
  const should = expected.split("\n");
  const at = should.findIndex((line, index) => line !== has[index]);
  const line = at < 0 ? should.length : at;
  return `${file}:${line + 1}\n- ${has[line] ?? "(end of file)"}\n+ ${should[line] ?? "(end of file)"}`;
}
