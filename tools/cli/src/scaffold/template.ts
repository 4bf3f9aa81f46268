import { cpSync, globSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const suffix = ".tmpl";
/** npm leaves a file of this name out of packages, so that the template has it without the dot. */
const renamed: Readonly<Record<string, string>> = { gitignore: ".gitignore" };

/**
 * Copies a folder of templates. In files that end in `.tmpl`, which they lose, each `{{name}}` is filled in; a name that has no
 * value is an error. Returns the paths that were written, relative to `directory` and sorted.
 */
export function writeTemplate(
  template: URL,
  directory: string,
  values: Readonly<Record<string, string>>,
): string[] {
  const from = fileURLToPath(template);
  const files = globSync("**/*", { cwd: from, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(from.length));
  return files
    .map((file) => {
      const target = targetOf(file);
      mkdirSync(dirname(join(directory, target)), { recursive: true });
      if (file.endsWith(suffix)) {
        writeFileSync(
          join(directory, target),
          filledIn(readFileSync(join(from, file), "utf8"), values),
        );
      } else {
        cpSync(join(from, file), join(directory, target));
      }
      return target;
    })
    .sort();
}

function targetOf(file: string): string {
  const plain = file.endsWith(suffix) ? file.slice(0, -suffix.length) : file;
  const name = basename(plain);
  return join(dirname(plain), renamed[name] ?? name);
}

function filledIn(text: string, values: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\{\{(\w+)\}\}/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`The template names {{${name}}}, which has no value.`);
    return value;
  });
}
