import { accessSync, constants, statSync } from "node:fs";
import { delimiter, isAbsolute, join, resolve } from "node:path";
import { KerfError } from "@kerf/kernel";
import type { ManifestService } from "@kerf/service";
import { programEnvironment } from "../runtimes/environment.ts";

/** Why the program behind a service cannot be started on this machine; undefined when it can be tried, or there is none. */
export function missingProgram({ name, program }: ManifestService): KerfError | undefined {
  const [command] = program?.command ?? [];
  if (program === undefined || command === undefined) return undefined;
  const path = program.path ?? programEnvironment()["PATH"] ?? "";
  const places = /[/\\]/.test(command)
    ? [isAbsolute(command) ? command : resolve(program.cwd, command)]
    : path.split(delimiter).map((folder) => join(folder, command));
  if (places.some(isExecutable)) return undefined;
  return new KerfError("start_failed", {
    message: `The service ${name} is a program that this machine lacks: ${command}`,
    why: `It is started with \`${program.command.join(" ")}\`, and ${places.length === 1 ? `${command} is no program` : "no folder of PATH has it"}. The other services run without it.`,
    fix: `Install ${command}; then save a file of the service, or start kerf dev again.`,
  });
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
