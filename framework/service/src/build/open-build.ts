import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join, relative, sep } from "node:path";
import { KerfError } from "@kerf/kernel";
import { type BuildDescriptor, buildFiles } from "./descriptor.ts";
import { sha256 } from "./digest.ts";
import { parseDescriptor, unusable } from "./parse-descriptor.ts";

/** A build that lies on this machine and is whole. */
export interface Build {
  /** Absolute path. */
  readonly directory: string;
  readonly descriptor: BuildDescriptor;
}

/** How many problems are named; one file more or less says nothing new. */
const named = 10;

/**
 * Opens the build in a folder and looks at every file of it. Throws `invalid_configuration` naming what is missing, changed or
 * there although it does not belong to it, and when it was built for another platform.
 */
export function openBuild(directory: string): Build {
  let text: string;
  try {
    text = readFileSync(join(directory, buildFiles.descriptor), "utf8");
  } catch (cause) {
    throw new KerfError("invalid_configuration", {
      message: `There is no build in ${directory}.`,
      why: (cause as Error).message,
      fix: "Make it with kerf build, or correct the path.",
      cause,
    });
  }
  const descriptor = parseDescriptor(text, directory);
  const problems = [
    ...(isDigestLike(basename(directory)) && basename(directory) !== descriptor.digest
      ? [`its folder is named like another build than ${descriptor.digest}`]
      : []),
    ...Object.entries(descriptor.files).flatMap(([path, file]) => {
      const problem = problemOf(join(directory, path), file);
      return problem === undefined ? [] : [`${path} ${problem}`];
    }),
    ...filesBelow(directory)
      .filter((path) => path !== buildFiles.descriptor && !(path in descriptor.files))
      .map((path) => `${path} does not belong to it`),
  ];
  if (problems.length > 0) throw unusable(directory, problems.slice(0, named));
  const here = `${process.platform}-${process.arch}`;
  if (descriptor.platform !== undefined && descriptor.platform !== here) {
    throw new KerfError("invalid_configuration", {
      message: `The build of ${descriptor.service.name} in ${directory} runs on ${descriptor.platform}, and this is ${here}.`,
      why: `It holds packages with machine code: ${descriptor.packages.map(({ name }) => name).join(", ")}.`,
      fix: `Build it on ${here}.`,
    });
  }
  return { directory, descriptor };
}

/** The paths of all files below a folder, with `/`, sorted. */
export function filesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)).replaceAll(sep, "/"))
    .toSorted();
}

function problemOf(path: string, file: BuildDescriptor["files"][string]): string | undefined {
  const info = statSync(path, { throwIfNoEntry: false });
  if (info === undefined) return "is missing";
  if (!info.isFile()) return "is no file";
  if (info.size !== file.bytes || sha256(readFileSync(path)) !== file.sha256) return "was changed";
  return (file.executable === true) === ((info.mode & 0o100) !== 0)
    ? undefined
    : "has other rights than it had";
}

function isDigestLike(name: string): boolean {
  return /^[0-9a-f]{64}$/.test(name);
}
