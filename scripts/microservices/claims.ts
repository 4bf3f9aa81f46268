import type { Row } from "../../docs/microservices.ts";

/** What exists, as far as the table can name it. */
export interface Existing {
  readonly file: (path: string) => boolean;
  readonly npmScripts: readonly string[];
  /** The commands of the CLI, those of a group with its name before them: `status`, `db shell`. */
  readonly kerfCommands: readonly string[];
}

/** Every claim of the table that does not hold, as a sentence. */
export function falseClaims(rows: readonly Row[], existing: Existing): string[] {
  return rows.flatMap((row) => {
    if (!("built" in row.state)) return [];
    const { built: test } = row.state;
    const wrong: string[] = [];
    if (!existing.file(test)) wrong.push(`its test ${test} does not exist`);
    if (row.command === undefined) wrong.push("it names no command to try");
    else if (!commandExists(row.command, test, existing))
      wrong.push(`its command \`${row.command}\` does not exist`);
    return wrong.map((what) => `"${row.says}" says that it is built, but ${what}`);
  });
}

function commandExists(
  command: string,
  test: string,
  { npmScripts, kerfCommands }: Existing,
): boolean {
  const [program, first, second, part] = command.split(" ");
  if (program === "curl") return true;
  // `npm test -- PART` has to run the very test that the row names.
  if (program === "npm" && first === "test" && second === "--") return test.includes(part ?? "");
  if (program === "npm") return npmScripts.includes((first === "run" ? second : first) ?? "");
  if (program === "kerf")
    return kerfCommands.includes(first ?? "") || kerfCommands.includes(`${first} ${second}`);
  return false;
}
