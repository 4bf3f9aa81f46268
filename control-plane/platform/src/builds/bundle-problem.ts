import { stripVTControlCharacters } from "node:util";
import { KerfError } from "@kerf/kernel";
import type { SourceNames } from "./source-names.ts";

/** One thing that the bundler found, as far as it is looked at. */
interface Found {
  readonly message?: string;
  readonly code?: string;
  readonly id?: string;
  readonly loc?: { readonly file?: string; readonly line: number; readonly column: number };
  readonly frame?: string;
}

/** How many problems are named: those that come after are mostly consequences. */
const named = 10;

/** What the bundler threw, with every file and line that it names. */
export function bundleProblem(thrown: unknown, names: SourceNames): KerfError {
  const { errors } = thrown as { errors?: readonly Found[] };
  const found = errors ?? [thrown as Found];
  for (const one of found) {
    if (!(one instanceof KerfError)) continue;
    const { message, why, fix, data } = one;
    return new KerfError(pluginCodeOf(one) ?? one.code, { message, why, fix, data });
  }
  const problems = found.slice(0, named).map((one) => problemOf(one, names));
  return new KerfError("start_failed", {
    message: `The code cannot be put together:\n${problems.map((problem) => `- ${problem}`).join("\n")}`,
    fix: "Correct it there; nothing was built.",
    data: { problems },
    cause: thrown,
  });
}

/** The code of an error that a plugin threw: what it has as `code` is the bundler's from then on. */
function pluginCodeOf(thrown: object): string | undefined {
  return (thrown as { pluginCode?: string }).pluginCode;
}

function problemOf({ message = "", id, loc, frame }: Found, names: SourceNames): string {
  const text = stripVTControlCharacters(message).trim();
  const file = loc?.file ?? id;
  if (file === undefined || loc === undefined) return text;
  const place = `${names.of(file)}:${loc.line}:${loc.column + 1}`;
  return [text.split("\n")[0], `  at ${place}`, ...(frame === undefined ? [] : [frame])].join("\n");
}
