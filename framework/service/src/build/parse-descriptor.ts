import { KerfError } from "@kerf/kernel";
import { type BuildDescriptor, buildFiles, buildFormat } from "./descriptor.ts";
import { digestOf } from "./digest.ts";

/** Reads what `build.json` in `directory` says. Throws `invalid_configuration` with everything that is wrong with it. */
export function parseDescriptor(text: string, directory: string): BuildDescriptor {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (cause) {
    throw unusable(directory, [`${buildFiles.descriptor} is no JSON: ${(cause as Error).message}`]);
  }
  if (!isObject(document))
    throw unusable(directory, [`${buildFiles.descriptor} is no JSON object`]);
  if (document["format"] !== buildFormat) throw otherFormat(directory, document);
  const problems = problemsOf(document);
  if (problems.length > 0) throw unusable(directory, problems);
  const descriptor = document as unknown as BuildDescriptor;
  if (digestOf(descriptor) !== descriptor.digest)
    throw unusable(directory, [
      `${buildFiles.descriptor} was changed after it was written: its digest is not ${descriptor.digest.slice(0, 12)}…`,
    ]);
  return descriptor;
}

/** A folder that is no build, or not the one that was made. */
export function unusable(directory: string, problems: readonly string[]): KerfError {
  return new KerfError("invalid_configuration", {
    message: `The build in ${directory} cannot be used.`,
    why: problems.join("\n"),
    fix: "Remove the folder and build it again: kerf build",
    data: { directory, problems },
  });
}

function otherFormat(directory: string, { format, kerf }: Readonly<Record<string, unknown>>) {
  return new KerfError("invalid_configuration", {
    message: `The build in ${directory} has the format ${JSON.stringify(format)}; this Kerf reads format ${buildFormat}.`,
    why: typeof kerf === "string" ? `It was made by Kerf ${kerf}.` : undefined,
    fix: "Build it again with the Kerf that is to run it, or run it with the Kerf that made it.",
    data: { directory },
  });
}

type Check = (value: unknown) => boolean;

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isText: Check = (value) => typeof value === "string" && value !== "";
const isBoolean: Check = (value) => typeof value === "boolean";
const isCount: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const isHash: Check = (value) => typeof value === "string" && /^[0-9a-f]{64}$/.test(value);
const isListOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);
const isMapOf =
  (check: Check): Check =>
  (value) =>
    isObject(value) && Object.values(value).every(check);
const optional =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);
const has =
  (fields: Readonly<Record<string, Check>>): Check =>
  (value) =>
    isObject(value) && Object.entries(fields).every(([name, check]) => check(value[name]));

const isContract = has({
  name: isText,
  version: isText,
  operations: isMapOf(has({ kind: isText, errors: isObject })),
  events: isMapOf(has({ key: isText, version: isCount })),
});

/** What each field must be, and in which words that is said. */
const fields: Readonly<Record<string, readonly [Check, string]>> = {
  digest: [isHash, "a SHA-256 in hexadecimal"],
  kerf: [isText, "a version"],
  kind: [(value) => value === "service" || value === "backend", '"service" or "backend"'],
  service: [
    has({
      name: isText,
      owner: isText,
      contract: isContract,
      uses: isListOf(has({ name: isText, version: isText, optional: isBoolean })),
      follows: isListOf(isText),
      database: optional(has({ server: isText, connections: isCount })),
      redis: optional(isBoolean),
      program: optional(has({ command: isListOf(isText) })),
      issuer: isBoolean,
      sagas: isListOf(isText),
      schedules: isListOf(has({ name: isText, cron: isText })),
      reconciliations: isListOf(isText),
      workers: isListOf(isText),
    }),
    "a service with its contract",
  ],
  against: [
    has({
      calls: isListOf(has({ optional: isBoolean, contract: isContract })),
      events: isListOf(has({ producer: isText, version: isText, events: isObject })),
    }),
    "what it was written against: calls and events",
  ],
  sagas: [isListOf(has({ name: isText, version: isCount })), "sagas with their versions"],
  migrations: [isListOf(has({ name: isText, sha256: isHash })), "migrations with their SHA-256"],
  packages: [isListOf(has({ name: isText, version: isText })), "packages with their versions"],
  platform: [optional(isText), "a platform such as linux-x64"],
  label: [optional(isText), "a label"],
  files: [isMapOf(has({ sha256: isHash, bytes: isCount })), "files with their SHA-256 and size"],
  source: [optional(has({ revision: isText, changed: isBoolean })), "a revision"],
};

function problemsOf(document: Readonly<Record<string, unknown>>): string[] {
  const problems = Object.entries(fields)
    .filter(([name, [check]]) => !check(document[name]))
    .map(([name, [, words]]) => `${buildFiles.descriptor}: ${name} is not ${words}`);
  if (problems.length > 0) return problems;
  const paths = Object.keys(document["files"] as object);
  return [
    ...paths
      .filter((path) => !isInside(path))
      .map((path) => `${path} is no path inside of a build`),
    ...(paths.includes(buildFiles.module) ? [] : [`it has no ${buildFiles.module}`]),
  ];
}

/** What names another place than one below the folder must not be opened. */
function isInside(path: string): boolean {
  return (
    path !== buildFiles.descriptor &&
    !path.includes("\\") &&
    path.split("/").every((part) => part !== "" && part !== "." && part !== "..")
  );
}
