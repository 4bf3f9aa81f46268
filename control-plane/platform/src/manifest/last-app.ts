import { type Stats, statSync } from "node:fs";
import { join } from "node:path";
import type { AppManifest } from "@kerf/service";
import { readJson, writeJson } from "../state/json-file.ts";
import { version } from "../version.ts";

/** The app as a platform read it last, for one that comes back while it runs. */
export interface LastApp {
  readonly appModule: string;
  readonly manifest: AppManifest;
  /** The version of Kerf that read it. */
  readonly version?: string;
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
  const last: LastApp = { appModule, manifest, version, ...(files === undefined ? {} : { files }) };
  await writeJson(fileIn(state), last);
}

/**
 * Whether reading it again would only find the same: this version of Kerf read it, and none of its files was written, replaced or removed since
 * (the time of the last change of a file cannot be set back).
 */
export function isUnchanged({ files, version: reader, manifest }: LastApp): boolean {
  if (files === undefined || reader !== version || manifest.files.length === 0) return false;
  return Object.entries(files).every(([file, stamp]) => {
    const stat = statOf(file);
    return stat !== undefined && stampOf(stat) === stamp;
  });
}

function fileIn(state: string): string {
  return join(state, "manifest.json");
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
