import { isAbsolute, relative, resolve, sep } from "node:path";
import type { ManifestService } from "@kerf/service";
import { type BuiltService, buildFiles } from "@kerf/service/builds";
import type { Content } from "./content.ts";
import { folderFiles } from "./folder-files.ts";

/** The program of a service in another language as a build has it: its files, and its command without the places that they had. */
export function builtProgram(
  service: string,
  { command, cwd, path }: NonNullable<ManifestService["program"]>,
): { program: NonNullable<BuiltService["program"]>; content: Content } {
  const inside = (part: string): string => {
    if (!isAbsolute(part) || !part.startsWith(cwd + sep)) return part;
    const moved = relative(cwd, resolve(part)).split(sep).join("/");
    // Without a slash it would be looked for in PATH.
    return `./${moved}`;
  };
  return {
    program: { command: command.map(inside), ...(path === undefined ? undefined : { path }) },
    content: folderFiles(cwd, buildFiles.program, { what: `The program of ${service}` }),
  };
}
