import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, resolve } from "node:path";
import { KerfError } from "@kerf/kernel";
import type { InitOptions } from "../commands/init.ts";
import { printJson } from "../output/json.ts";
import { paintFor } from "../output/paint.ts";
import { version } from "../version.ts";
import { appNameFrom } from "./app-name.ts";
import { writeTemplate } from "./template.ts";

/** Writes a new app to a folder and says what to do with it. */
export function init(given: string, options: InitOptions): void {
  const directory = resolve(given);
  if (options.force !== true) assertEmpty(directory);
  const name = appNameFrom(basename(directory));
  const files = writeTemplate(new URL("../../templates/app/", import.meta.url), directory, {
    name,
    kerf: options.kerf ?? version(),
  });
  if (options.json === true) return printJson({ directory, name, files });
  const paint = paintFor(process.stdout);
  const commands = [
    ...(directory === process.cwd() ? [] : [`cd ${given}`]),
    "npm install",
    "npm test",
    "npm start",
  ];
  process.stdout.write(
    [
      `${paint("good", "✓")} ${paint("strong", name)}: ${files.length} files in ${given}`,
      "",
      "  next:",
      ...commands.map((command) => `    ${paint("name", command)}`),
      "",
    ].join("\n"),
  );
}

function assertEmpty(directory: string): void {
  if (!existsSync(directory)) return;
  const isFolder = statSync(directory).isDirectory();
  if (isFolder && readdirSync(directory).every((name) => name === ".git")) return;
  throw new KerfError("conflict", {
    message: `${directory} is ${isFolder ? "not empty" : "a file"}; nothing was written.`,
    fix: isFolder
      ? "Choose another folder, or write over it with --force."
      : "Choose another name.",
  });
}
