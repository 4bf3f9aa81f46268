import { createHash } from "node:crypto";
import { type Stats, statSync } from "node:fs";
import { dirname, join } from "node:path";
import type { AppManifest } from "@kerf/service";
import { programEnvironment, programExecArgv } from "../runtimes/environment.ts";
import { readJson, writeJson } from "../state/json-file.ts";
import { version } from "../version.ts";

/** The app as a platform read it last, for one that comes back while it runs. */
export interface LastApp {
  readonly appModule: string;
  readonly manifest: AppManifest;
  /** A digest of what else it may depend on: the versions of Kerf, Node and packages, the environment that it sees. */
  readonly circumstances?: string;
  /** How each of its files was then; absent when one was changed while it was being read. */
  readonly files?: Readonly<Record<string, string>>;
}

/** What is known of `appModule` below `state`, the directory of a platform's state; undefined when it was never read. */
export function lastApp(state: string, appModule: string): LastApp | undefined {
  const last = readJson<LastApp>(fileIn(state));
  return last?.appModule === appModule ? last : undefined;
}

/** Keeps what was read. `since`: when reading had not begun yet, milliseconds of the system's clock. */
export async function keepApp(
  state: string,
  appModule: string,
  manifest: AppManifest,
  since: number,
): Promise<void> {
  const files = stampsOf(manifest.files, since);
  const circumstances = circumstancesOf(appModule);
  const last: LastApp = {
    appModule,
    manifest,
    circumstances,
    ...(files === undefined ? {} : { files }),
  };
  await writeJson(fileIn(state), last);
}

/**
 * Whether reading it again would only find the same: it was read under the same circumstances, and none of its files was written, replaced or
 * removed since (the time of the last change of a file cannot be set back). What its code reads from elsewhere counts when the app is started anew.
 */
export function isUnchanged({ appModule, circumstances, files, manifest }: LastApp): boolean {
  if (files === undefined || manifest.files.length === 0) return false;
  if (circumstances !== circumstancesOf(appModule)) return false;
  return Object.entries(files).every(([file, stamp]) => {
    const stat = statOf(file);
    return stat !== undefined && stampOf(stat) === stamp;
  });
}

function fileIn(state: string): string {
  return join(state, "manifest.json");
}

function circumstancesOf(appModule: string): string {
  const known = [
    version,
    process.version,
    programExecArgv(),
    programEnvironment(),
    ...installsAbove(dirname(appModule)),
  ];
  return createHash("sha256").update(JSON.stringify(known)).digest("base64url");
}

/** How what npm installed stands, in every directory from which packages are found. */
function installsAbove(directory: string): string[] {
  const stat = statOf(join(directory, "node_modules", ".package-lock.json"));
  const here = stat === undefined ? "" : stampOf(stat);
  const parent = dirname(directory);
  return parent === directory ? [here] : [here, ...installsAbove(parent)];
}

/** Undefined when one of the files is gone, or has changed since. */
function stampsOf(files: readonly string[], since: number): Record<string, string> | undefined {
  const stamps: Record<string, string> = {};
  for (const file of files) {
    const stat = statOf(file);
    if (stat === undefined || stat.ctimeMs >= since) return undefined;
    stamps[file] = stampOf(stat);
  }
  return stamps;
}

function statOf(file: string): Stats | undefined {
  return statSync(file, { throwIfNoEntry: false });
}

function stampOf({ ino, size, mtimeMs, ctimeMs }: Stats): string {
  return `${ino} ${size} ${mtimeMs} ${ctimeMs}`;
}
