import { type PolicyDefaults, policyDefaults } from "@kerf/call";
import { tableOf } from "./table.ts";

/** One policy setting as its source file explains it. */
interface Explained {
  readonly meaning: string;
  readonly source: string;
}

/**
 * The table of the call path's defaults: values from the code that runs, meanings and sources from the comments of the file that
 * declares them. Throws when a setting has none.
 */
export function policyTable(source: string): string {
  let above: string | undefined;
  const rows = Object.entries(policyDefaults).map(([name, value]) => {
    const { meaning, source: origin } = explained(name as keyof PolicyDefaults, source);
    const said = origin === above ? "as above" : origin;
    above = origin;
    return [`\`${name}\``, String(value), meaning, said];
  });
  return tableOf(["setting", "default", "what it is", "where the number comes from"], rows);
}

function explained(name: keyof PolicyDefaults, source: string): Explained {
  const meaning = new RegExp(`/\\*\\* (.*?) \\*/\\n\\s*readonly ${name}:`).exec(source)?.[1];
  const value = new RegExp(`\\n  ${name}: [\\d_.]+,`).exec(source);
  // A comment speaks for the settings below it, until the next comment.
  const origin =
    value === null
      ? undefined
      : source
          .slice(0, value.index)
          .match(/\n  \/\/ .*/g)
          ?.at(-1);
  if (meaning === undefined || origin === undefined)
    throw new Error(
      `defaults.ts does not explain ${name} in the form that the guide is written from`,
    );
  return { meaning, source: origin.trim().slice("// ".length) };
}
